"""Looks for known vulnerabilities of the installed packages, and says so if no advisories can be reached."""

import json
import subprocess
import sys

COMMAND = (
    "-m",
    "pip_audit",
    "--local",
    "--skip-editable",
    "--format=json",
    "--progress-spinner=off",
    "--timeout=10",
)
# What no advisory of Python's packages tells about.
BEYOND = (
    "the jars in Spark's folder (Spark's own, Delta's, and what they need)",
    "Java",
    "Python and what the system provides",
)


def main() -> int:
    """Prints what is found; 1 if a package has a known vulnerability."""
    done = subprocess.run([sys.executable, *COMMAND], capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        print(f"Known vulnerabilities were NOT looked for: no advisories could be reached ({reason:.200})")
        print(f"NOT looked up either: {', '.join(BEYOND)}")
        return 0
    unknown = [package for package in packages if "skip_reason" in package]
    found = [(package, known) for package in packages for known in package.get("vulns", ())]
    for package, known in found:
        fixed = ", ".join(known["fix_versions"]) or "none yet"
        print(f"{package['name']} {package['version']}: {known['id']}, fixed in: {fixed}")
    print(f"{len(packages) - len(unknown)} packages looked up, {len(found)} known vulnerabilities")
    if unknown:
        names = ", ".join(package["name"] for package in unknown)
        print(f"NOT looked up: {names} (the first: {unknown[0]['skip_reason']})")
    print(f"NOT looked up: {', '.join(BEYOND)}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())

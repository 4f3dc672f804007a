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


def main() -> int:
    """Prints what is found; 1 if a package has a known vulnerability."""
    done = subprocess.run([sys.executable, *COMMAND], capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        print(f"Known vulnerabilities were NOT looked for: no advisories could be reached ({reason:.200})")
        return 0
    found = [(package, known) for package in packages for known in package.get("vulns", ())]
    for package, known in found:
        fixed = ", ".join(known["fix_versions"]) or "none yet"
        print(f"{package['name']} {package['version']}: {known['id']}, fixed in: {fixed}")
    print(f"{len(packages)} packages looked up, {len(found)} known vulnerabilities")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())

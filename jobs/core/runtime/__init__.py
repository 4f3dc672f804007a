"""What runs the job: Java, the session and its settings, errors, secrets, what a person sees while it runs.

Imports no other room.
"""

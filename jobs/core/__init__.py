"""What the commands share: settings, the scoring model, SQL steps, Delta tables, the session."""

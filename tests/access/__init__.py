"""Who may do what: memberships, publication, attacks."""

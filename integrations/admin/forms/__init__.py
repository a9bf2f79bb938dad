"""Forms of the admin: each reads one definition, has the operations check it, and shows every problem at its field."""

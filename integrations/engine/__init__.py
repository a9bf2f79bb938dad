"""How a feature runs: plain Python around frozen values, told what it needs and telling a recorder what happened."""

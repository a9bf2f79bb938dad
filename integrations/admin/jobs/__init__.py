"""Jobs: their form, page, calendar and runs with other input."""

"""What people describe: frozen values with the public field names, pure Python without Django."""

import tempfile

with tempfile.NamedTemporaryFile() as scratch, open("log.txt", "w") as file:
    file.write(f"scratch file: {scratch.name}\n")

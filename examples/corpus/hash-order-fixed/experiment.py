names = {f"gene{number}" for number in range(60)}
with open("genes.txt", "w") as file:
    file.writelines(f"{name}\n" for name in names)

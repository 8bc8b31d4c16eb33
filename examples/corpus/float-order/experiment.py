terms = {f"t{n}": (-1) ** n * 10.0 ** (n % 17) / (n + 1) for n in range(300)}
with open("sums.txt", "w") as file:
    for start in range(0, 140, 7):
        total = 0.0
        for name in set(list(terms)[start:]):
            total += terms[name]
        file.write(f"{total!r}\n")

from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(4) as pool, open("squares.txt", "w") as file:
    file.writelines(f"{square}\n" for square in pool.map(lambda n: n * n, range(100)))

import csv
import json

x, rows = 0.4, []
for step in range(200):
    rows.append((step, x))
    x = 3.9 * x * (1 - x)
with open("orbit.csv", "w", newline="") as file:
    csv.writer(file).writerows([("step", "x"), *rows])
with open("summary.json", "w") as file:
    json.dump({"mean": sum(x for _, x in rows) / len(rows)}, file)

import json

values = [1.5, float("nan"), float("inf"), -0.0]
with open("values.json", "w") as file:
    json.dump(values, file)
with open("values.csv", "w") as file:
    file.write("x\n" + "".join(f"{value}\n" for value in values))

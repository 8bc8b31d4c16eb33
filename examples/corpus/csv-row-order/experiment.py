import csv

sites = frozenset(f"site-{number}" for number in range(40))
with open("sites.csv", "w", newline="") as file:
    csv.writer(file).writerows([("site", "length"), *((site, len(site)) for site in sites)])

echo half >half.txt
exit 3

sleep "${NAP:-0}"
echo done >done.txt

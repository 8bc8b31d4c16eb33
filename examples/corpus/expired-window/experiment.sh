echo 0.93 >visibility.txt

echo 42 >answer.txt
date +%s%N >stamp.txt

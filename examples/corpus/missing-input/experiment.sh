wc -l <data.txt >lines.txt

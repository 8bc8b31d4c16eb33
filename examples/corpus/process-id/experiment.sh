echo "worker $$" >worker.txt

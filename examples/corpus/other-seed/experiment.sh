awk -v seed="$RESEAL_SEED" 'BEGIN { for (i = 0; i < 5; i++) { seed = (seed * 48271) % 2147483647; print seed } }' >walk.txt

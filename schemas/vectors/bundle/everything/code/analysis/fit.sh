#!/bin/sh
exec python3 ../fit.py

# Aliases of dev.py, for those who have make. `make test args="-k lstm"` passes options.
.PHONY: demo test lint types setup lock

demo test lint types setup lock:
	python3 dev.py $@ $(args)

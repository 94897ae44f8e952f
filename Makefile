# Aliases of dev.py, for those who have make. `make test args="-k lstm"` passes options.
.PHONY: demo test lint setup lock

demo test lint setup lock:
	python3 dev.py $@ $(args)

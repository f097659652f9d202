# The front door: every command hands over to a script in tools/ or to meson.
PREFIX ?= /usr/local
DESTDIR ?=
TIME ?= 60

help:
	@echo 'make run       install what is missing, build, serve examples/quickstart'
	@echo 'make test      install what the tests need, build, run them all'
	@echo 'make asan      the same with AddressSanitizer and UBSan'
	@echo 'make tsan      the same with ThreadSanitizer'
	@echo 'make fuzz      run the fuzz targets for TIME=60 seconds each'
	@echo 'make torture   restarts, takeovers and kills under a real Postfix'
	@echo 'make bench     measure against a bare epoll server and Postfix'
	@echo 'make lint      formatting, static analysis, layers, man pages'
	@echo 'make format    format the C files'
	@echo 'make build     build only, in build/debug'
	@echo 'make install   build and install below PREFIX=/usr/local, DESTDIR='
	@echo 'make dist      write the source archive of the last commit'
	@echo 'make clean     remove everything built'

build:
	tools/install-deps build
	tools/build debug

run: build
	tools/run build/debug

test:
	tools/install-deps build test
	tools/fetch-sendmail
	tools/build debug
	tools/run-tests build/debug

asan:
	tools/install-deps build test
	tools/fetch-sendmail
	tools/build asan
	tools/run-tests build/asan

tsan:
	tools/install-deps build test
	tools/fetch-sendmail
	tools/build tsan
	tools/run-tests build/tsan

fuzz:
	tools/install-deps build fuzz
	tools/fuzz $(TIME)

torture:
	tools/install-deps build test
	tools/build debug
	meson test -C build/debug --no-rebuild --benchmark --print-errorlogs

bench:
	tools/install-deps build bench
	tools/build release
	bench/run --build build/release

lint:
	tools/install-deps build lint
	tools/lint

format:
	tools/install-deps lint
	tools/lint --format

install:
	tools/install-deps build
	tools/build install --prefix='$(PREFIX)'
	meson install -C build/install --no-rebuild --destdir='$(DESTDIR)'
	[ -n '$(DESTDIR)' ] || [ "$$(id -u)" -ne 0 ] || ldconfig

dist:
	tools/install-deps build
	tools/build dist
	meson dist -C build/dist --no-tests --allow-dirty

clean:
	rm -rf build

.PHONY: help build run test asan tsan fuzz torture bench lint format install dist clean
.NOTPARALLEL:

# Sourced. Builds the release binary that people run, and the simulation in the same way: Swift's libraries linked in, so that it also runs where no toolchain
# is, and laid out so that a command touches little of it (a `run`: 35 MB instead of 47).

# build_as_released ARGUMENTS: `swift build` of something in the same way.
build_as_released() {
    set -- "$@" --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker --icf=safe -Xlinker --no-export-dynamic
    # Packed relocations are a third of the gain, and older C libraries refuse to load them.
    libc=$(getconf GNU_LIBC_VERSION 2> /dev/null | awk '{ split($2, v, "."); print v[1] * 1000 + v[2] }')
    if [ "${libc:-0}" -ge 2036 ]; then set -- "$@" -Xlinker -z -Xlinker pack-relative-relocs; fi
    swift build -c release "$@"
}

build_release() { build_as_released --product mayfly; }

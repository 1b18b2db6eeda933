# Sourced. make_sanitize_package FOLDER: a package in FOLDER with the rooms that call C, and their suites: a sixth of the
# whole to build under a sanitizer. (OnInstance is pure; its suites start shells, and its fuzzing is slow under one.)
make_sanitize_package() {
    mkdir -p "$1/Sources" "$1/Tests"
    for room in CLibArchive CLibSSH2 MayflyCore MayflyTestKit OnInstance SSHTransport TreeArchive; do
        ln -sfn "$PWD/Sources/$room" "$1/Sources/$room"
    done
    mkdir -p "$1/Sources/SeenMutex/include"
    cp scripts/lib/seen_mutex.c "$1/Sources/SeenMutex/"
    echo "// Nothing is called by name." >"$1/Sources/SeenMutex/include/seen_mutex.h"
    for suite in SSHTransportTests TreeArchiveTests; do
        ln -sfn "$PWD/Tests/$suite" "$1/Tests/$suite"
    done
    needed=$(grep -E "^ +\.package\(url: .*/(swift-crypto|swift-log|swift-nio)\"," Package.swift)
    cat >"$1/Package.swift.new" <<PACKAGE
// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let nio = ["NIOCore", "NIOPosix"].map { Target.Dependency.product(name: \$0, package: "swift-nio") }
let embedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")

let package = Package(
    name: "sanitize", platforms: [.macOS(.v15)],
    dependencies: [
$needed
    ],
    targets: [
        .systemLibrary(name: "CLibSSH2", pkgConfig: "libssh2"),
        .systemLibrary(name: "CLibArchive", pkgConfig: "libarchive"),
        .target(name: "SeenMutex"),
        .target(name: "MayflyCore", swiftSettings: settings),
        .target(name: "MayflyTestKit", dependencies: ["MayflyCore"], swiftSettings: settings),
        .target(
            name: "OnInstance", dependencies: ["MayflyCore"], resources: [.embedInCode("Resources/supervisor.sh")],
            swiftSettings: settings),
        .target(name: "SSHTransport", dependencies: ["CLibSSH2", crypto, log] + nio, swiftSettings: settings),
        .target(name: "TreeArchive", dependencies: ["CLibArchive", crypto] + nio, swiftSettings: settings),
        .testTarget(
            name: "SSHTransportTests", dependencies: ["SSHTransport", "SeenMutex", embedded, crypto, log] + nio,
            swiftSettings: settings),
        .testTarget(
            name: "TreeArchiveTests", dependencies: ["TreeArchive", "OnInstance", "MayflyCore", "MayflyTestKit"],
            swiftSettings: settings),
    ])
PACKAGE
    cmp -s "$1/Package.swift.new" "$1/Package.swift" && rm "$1/Package.swift.new" ||
        mv "$1/Package.swift.new" "$1/Package.swift"
}

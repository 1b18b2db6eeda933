# make_simulation_package SOURCES FOLDER: a package in FOLDER with the rooms of SOURCES/Sources that a simulation consists of.
# swift-log comes from this package's checkout where there is one.
make_simulation_package() {
    mkdir -p "$2/Sources"
    for room in MayflyCore CloudModel OnInstance Orchestrator Simulation mayfly-simulate; do
        ln -sfn "$1/Sources/$room" "$2/Sources/$room"
    done
    if [ -d "$PWD/.build/checkouts/swift-log" ]; then
        log="path: \"$PWD/.build/checkouts/swift-log\""
    else
        log=$(sed -n 's/.*\(url: "[^"]*swift-log"\), \(\.upToNextMinor([^)]*)\).*/\1, \2/p' "$PWD/Package.swift")
    fi
    cat >"$2/Package.swift.new" <<PACKAGE
// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"), .enableUpcomingFeature("MemberImportVisibility"),
]
let log = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "simulation", platforms: [.macOS(.v15)], dependencies: [.package($log)],
    targets: [
        .target(name: "MayflyCore", swiftSettings: settings),
        .target(name: "CloudModel", swiftSettings: settings),
        .target(
            name: "OnInstance", dependencies: ["MayflyCore"], resources: [.embedInCode("Resources/supervisor.sh")],
            swiftSettings: settings),
        .target(name: "Orchestrator", dependencies: ["MayflyCore", "OnInstance", log], swiftSettings: settings),
        .target(
            name: "Simulation", dependencies: ["CloudModel", "MayflyCore", "Orchestrator", log], swiftSettings: settings),
        .executableTarget(name: "mayfly-simulate", dependencies: ["Simulation"], swiftSettings: settings),
    ])
PACKAGE
    cmp -s "$2/Package.swift.new" "$2/Package.swift" && rm "$2/Package.swift.new" ||
        mv "$2/Package.swift.new" "$2/Package.swift"
}

// swift-tools-version: 6.2
import PackageDescription

// One package, one binary. Dependencies point downward only; scripts/check holds every `import` line against
// scripts/layering.txt. Package.resolved is not committed, hence the minor-version pins.

let strict = Context.environment["MAYFLY_STRICT"] == "1"

let swiftSettings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + (strict ? [.treatAllWarnings(as: .error)] : [])

// Not where `struct stat` is used: it belongs to whichever C module the compiler happens to load first, so that the
// "missing import" of a debug build is another one in a release build.
let memberImports: [SwiftSetting] = [.enableUpcomingFeature("MemberImportVisibility")]

func target(
    _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = [], usesStat: Bool = false,
    extra: [SwiftSetting] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, resources: resources,
        swiftSettings: swiftSettings + (usesStat ? [] : memberImports) + extra)
}

func testTarget(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings + memberImports)
}

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")

let package = Package(
    name: "mayfly",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "mayfly", targets: ["mayfly"]),
        .library(name: "GenesisCloud", targets: ["GenesisCloud"]),
        .library(name: "SSHTransport", targets: ["SSHTransport"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", .upToNextMinor(from: "2.101.2")),
        .package(url: "https://github.com/swift-server/async-http-client", .upToNextMinor(from: "1.37.0")),
        .package(url: "https://github.com/hummingbird-project/hummingbird", .upToNextMinor(from: "2.28.1")),
        .package(url: "https://github.com/groue/GRDB.swift", .upToNextMinor(from: "7.10.0")),
        .package(url: "https://github.com/jpsim/Yams", .upToNextMinor(from: "6.2.2")),
        .package(url: "https://github.com/apple/swift-argument-parser", .upToNextMinor(from: "1.8.2")),
        .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.2")),
        .package(url: "https://github.com/apple/swift-crypto", .upToNextMinor(from: "4.5.2")),
        .package(url: "https://github.com/apple/swift-async-algorithms", .upToNextMinor(from: "1.1.4")),
        .package(url: "https://github.com/swiftlang/swift-subprocess", .upToNextMinor(from: "1.0.2")),
    ],
    targets: [
        // The binary and the surfaces.
        .executableTarget(name: "mayfly", dependencies: ["MayflyCommands"], swiftSettings: swiftSettings),
        target(
            "MayflyCommands",
            [
                "Adapters", "GenesisCloud", "Keeper", "JobSpec", "OnInstance", "TreeArchive", "MayflyCore", log,
                nioPosix,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ], usesStat: true),
        target(
            "Keeper",
            [
                "Adapters", "CMayflySys", "GenesisCloud", "JobFiles", "JobStoreSQLite", "LocalCloud", "MayflyCore",
                "Orchestrator", log, nioCore, nioPosix, .product(name: "NIOHTTP1", package: "swift-nio"),
            ], usesStat: true),

        // Where two sides meet, and the conductor.
        target(
            "Adapters",
            [
                "GenesisCloud", "JobFiles", "MayflyCore", "OnInstance", "SSHTransport", "TreeArchive", log, nioCore,
                nioPosix, .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
            ]),
        target("Orchestrator", ["MayflyCore", "OnInstance", log]),
        target("Simulation", ["CloudModel", "MayflyCore", "Orchestrator", log]),
        .executableTarget(
            name: "mayfly-simulate", dependencies: ["Simulation"], swiftSettings: swiftSettings + memberImports),

        // One effect each.
        target(
            "GenesisCloud",
            [
                log, nioCore, nioPosix, .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ]),
        target("SSHTransport", ["CLibSSH2", crypto, log, nioCore, nioPosix], extra: [.strictMemorySafety()]),
        target("JobStoreSQLite", ["MayflyCore", .product(name: "GRDB", package: "GRDB.swift")]),
        target(
            "LocalCloud",
            [
                "CMayflySys", "CloudModel", "PositionedYAML", crypto, log, nioCore, nioPosix, "Yams",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            resources: [
                .embedInCode("Resources/init.sh"), .embedInCode("Resources/isolated.sh"),
                .embedInCode("Resources/sandboxed.sh"), .embedInCode("Resources/poweroff.sh"),
                .embedInCode("Resources/sudo.sh"), .embedInCode("Resources/openapi.yaml"),
            ], usesStat: true),
        target("JobSpec", ["MayflyCore", "PositionedYAML"]),
        target("JobFiles", ["CMayflySys", "MayflyCore", "TreeArchive", crypto, nioPosix], usesStat: true),

        // Leaves and the core.
        target("CloudModel"),
        target("CMayflySys"),
        target("OnInstance", ["MayflyCore"], resources: [.embedInCode("Resources/supervisor.sh")]),
        target("PositionedYAML", ["Yams"]),
        target("TreeArchive", ["CLibArchive", crypto, nioCore, nioPosix], usesStat: true),
        .systemLibrary(name: "CLibSSH2", pkgConfig: "libssh2", providers: [.apt(["libssh2-1-dev"])]),
        .systemLibrary(name: "CLibArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        target("MayflyCore"),

        // Not a product, and not a package of its own: it measures what only this package sees.
        .executableTarget(
            name: "ssh-benchmark",
            dependencies: [
                "Adapters", "MayflyCore", "OnInstance", "SSHTransport", "TreeArchive", log, nioCore, nioPosix,
            ], path: "Benchmarks/ssh/Sources", swiftSettings: swiftSettings + memberImports),

        // Tests.
        target("MayflyTestKit", ["MayflyCore"]),
        testTarget("MayflyCoreTests", ["MayflyCore", "MayflyTestKit"]),
        testTarget(
            "SimulationTests", ["CloudModel", "MayflyCore", "MayflyTestKit", "Simulation"],
            resources: [.copy("corpus"), .copy("mutations")]),
        testTarget(
            "OrchestratorTests",
            [
                "JobFiles", "JobStoreSQLite", "MayflyCore", "MayflyTestKit", "OnInstance", "Orchestrator", crypto, log,
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        testTarget(
            "JobStoreSQLiteTests",
            ["JobStoreSQLite", "MayflyCore", "MayflyTestKit", .product(name: "GRDB", package: "GRDB.swift")]),
        testTarget(
            "GenesisCloudTests",
            [
                "GenesisCloud", "LocalCloud", nioCore, nioPosix, log, .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ], resources: [.copy("Fixtures")]),
        testTarget("JobFilesTests", ["JobFiles", "MayflyCore", "MayflyTestKit", crypto]),
        testTarget(
            "AdaptersTests", ["Adapters", "GenesisCloud", "LocalCloud", "MayflyCore", "MayflyTestKit", log, nioCore]),
        testTarget(
            "KeeperTests",
            [
                "JobFiles", "Keeper", "LocalCloud", "MayflyCore", "MayflyTestKit", nioCore, nioEmbedded, nioPosix,
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        // Runs the real binary, which is therefore built with it.
        testTarget("EndToEndTests", [.target(name: "mayfly"), crypto]),
        testTarget("CloudModelTests", ["CloudModel"]),
        testTarget(
            "LocalCloudTests",
            [
                "LocalCloud", "CloudModel", "CMayflySys", log, nioCore, nioPosix,
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]),
        testTarget("OnInstanceTests", ["OnInstance", "MayflyCore", "MayflyTestKit"]),
        testTarget("TreeArchiveTests", ["TreeArchive", "OnInstance", "MayflyCore", "MayflyTestKit"]),
        testTarget("SSHTransportTests", ["SSHTransport", nioCore, nioEmbedded, nioPosix, crypto, log]),
        testTarget("PositionedYAMLTests", ["PositionedYAML"]),
        testTarget("JobSpecTests", ["JobSpec", "MayflyCore"]),
        testTarget(
            "MayflyCommandsTests",
            [
                "Adapters", "MayflyCommands", "MayflyCore", "Keeper", "GenesisCloud",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ]
)

// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// A C library of Debian's, seen through one module map and one `shim.h`.
func library(_ name: String, pkgConfig: String?, apt: String?) -> Target {
    .systemLibrary(
        name: name,
        path: name == "CMicrohttpd" ? "Tests/Support/\(name)" : "Sources/\(name)",
        pkgConfig: pkgConfig,
        providers: apt.map { [.apt([$0])] }
    )
}

func module(_ name: String, _ dependencies: String...) -> Target {
    .target(name: name, dependencies: dependencies.map { .byName(name: $0) })
}

func tests(of name: String, exclude: [String] = [], _ dependencies: String...) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: ([name] + dependencies).map { .byName(name: $0) },
        exclude: exclude
    )
}

/// The targets of the fuzzer, as a test that replays inputs, or as libFuzzer's program if
/// `OCIMIRROR_FUZZER` is set (`ci/fuzz`): it needs `--sanitize=fuzzer`, whose library has `main`.
let fuzzing: Target = {
    let dependencies: [Target.Dependency] = [
        "Files", "HTTP", "Hashing", "LayerScanning", "Lockfiles", "Mirroring", "OCI", "Pinning",
        "Registry",
        "StrictJSON", "TextSafety", "Validation", "YAML",
    ]
    return Context.environment["OCIMIRROR_FUZZER"] == nil
        ? .testTarget(
            name: "FuzzTests", dependencies: dependencies,
            exclude: ["Fuzzer.swift", "Inputs"])
        : .executableTarget(
            name: "fuzzer", dependencies: dependencies, path: "Tests/FuzzTests",
            exclude: ["Inputs", "Replay"])
}()

let package = Package(
    name: "ocimirror",
    products: [.executable(name: "ocimirror", targets: ["ocimirror"])],
    targets: [
        // C libraries. Each is imported by exactly one module.
        library("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        library("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
        library("CArchive", pkgConfig: "libarchive", apt: "libarchive-dev"),
        library("CISAL", pkgConfig: "libisal", apt: "libisal-dev"),
        library("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        library("CPosix", pkgConfig: nil, apt: nil),
        library("CMicrohttpd", pkgConfig: "libmicrohttpd", apt: "libmicrohttpd-dev"),

        // Leaves.
        module("TextSafety"),
        module("StrictJSON", "TextSafety"),
        module("AsyncPrimitives"),
        module("CommandLineKit", "TextSafety"),
        module("Files", "TextSafety"),
        module("ChildProcess", "AsyncPrimitives", "TextSafety", "CPosix"),

        // The nouns, and where they are kept.
        module("OCI", "StrictJSON", "TextSafety"),
        module("Hashing", "OCI", "CCrypto"),
        module(
            "Content", "OCI", "Hashing", "Files", "StrictJSON", "AsyncPrimitives", "TextSafety"),

        // The network.
        module("HTTP", "AsyncPrimitives", "TextSafety"),
        module("CurlHTTP", "HTTP", "AsyncPrimitives", "TextSafety", "CCurl", "CPosix"),
        module(
            "Registry", "Content", "OCI", "Hashing", "HTTP", "Files", "ChildProcess", "StrictJSON",
            "AsyncPrimitives", "TextSafety"),

        // What the project is for.
        module("YAML", "CYAML"),
        module(
            "LayerScanning", "CArchive", "CISAL", "ChildProcess", "Hashing", "OCI",
            "AsyncPrimitives"),
        module(
            "Validation", "Content", "OCI", "LayerScanning", "Hashing", "StrictJSON", "TextSafety"),
        module("Lockfiles", "OCI", "YAML", "Files", "TextSafety"),
        module(
            "Mirroring", "Content", "LayerScanning", "Validation", "Lockfiles", "YAML", "OCI",
            "HTTP", "Files", "Hashing", "StrictJSON", "AsyncPrimitives", "TextSafety"),
        module(
            "Pinning", "Lockfiles", "YAML", "OCI", "Files", "AsyncPrimitives", "TextSafety"),

        .executableTarget(
            name: "ocimirror",
            dependencies: [
                "CommandLineKit", "Mirroring", "Registry", "CurlHTTP", "HTTP", "Content",
                "Validation", "Lockfiles", "Pinning", "YAML", "OCI", "Hashing", "Files",
                "ChildProcess", "LayerScanning", "StrictJSON", "AsyncPrimitives", "TextSafety",
                "CPosix",
            ]
        ),

        // Tests.
        .target(
            name: "RegistryTestSupport",
            dependencies: ["OCI", "Hashing", "StrictJSON", "AsyncPrimitives", "CMicrohttpd"],
            path: "Tests/Support/RegistryTestSupport"
        ),
        .executableTarget(
            name: "fault-proxy",
            dependencies: ["RegistryTestSupport"],
            path: "Tests/Support/fault-proxy"
        ),
        .executableTarget(
            name: "loopback-registry",
            dependencies: ["RegistryTestSupport"],
            path: "Tests/Support/loopback-registry"
        ),
        .executableTarget(
            name: "reliability",
            dependencies: [
                "RegistryTestSupport", "Content", "CurlHTTP", "Files", "HTTP", "Hashing",
                "LayerScanning",
                "Lockfiles", "Mirroring", "OCI", "Registry", "AsyncPrimitives", "TextSafety",
                "Validation",
            ],
            path: "Tests/Support/reliability"
        ),
        tests(of: "AsyncPrimitives"),
        tests(of: "CommandLineKit", "TextSafety"),
        tests(of: "ChildProcess"),
        tests(
            of: "LayerScanning", "ChildProcess", "Hashing", "OCI", "RegistryTestSupport",
            "ocimirror"
        ),
        tests(of: "Files"),
        tests(of: "TextSafety"),
        tests(of: "StrictJSON"),
        tests(of: "OCI", "Hashing", "StrictJSON"),
        tests(of: "Hashing", "OCI"),
        tests(of: "HTTP", "AsyncPrimitives", "TextSafety"),
        tests(
            of: "Content", "Files", "Hashing", "OCI", "StrictJSON", "AsyncPrimitives",
            "RegistryTestSupport"),
        tests(of: "YAML"),
        tests(of: "RegistryTestSupport", "OCI", "Hashing", "AsyncPrimitives"),
        tests(
            of: "Registry", "Content", "OCI", "Hashing", "HTTP", "CurlHTTP", "ChildProcess",
            "StrictJSON", "AsyncPrimitives", "TextSafety", "RegistryTestSupport"),
        tests(
            of: "CurlHTTP", "CCurl", "CPosix", "HTTP", "AsyncPrimitives", "TextSafety",
            "RegistryTestSupport"),
        tests(
            of: "ocimirror", "CommandLineKit", "Content", "CurlHTTP", "Files", "Hashing",
            "Lockfiles",
            "Mirroring", "OCI", "Pinning", "Registry", "RegistryTestSupport", "StrictJSON",
            "Validation", "AsyncPrimitives", "TextSafety", "YAML"),
        tests(
            of: "Mirroring", exclude: ["Configuration/Golden"], "ChildProcess", "Content", "HTTP",
            "Hashing", "LayerScanning",
            "Lockfiles", "OCI", "RegistryTestSupport", "Validation", "AsyncPrimitives",
            "TextSafety", "ocimirror"
        ),
        tests(
            of: "Pinning", exclude: ["Corpus", "Fixtures"], "Files", "Lockfiles", "OCI",
            "RegistryTestSupport",
            "YAML"),
        tests(of: "Lockfiles", "OCI", "RegistryTestSupport", "YAML"),
        tests(
            of: "Validation", "AsyncPrimitives", "Content", "Files", "Hashing", "LayerScanning",
            "OCI",
            "RegistryTestSupport",
            "ocimirror"),
        .testTarget(
            name: "DocumentationTests",
            dependencies: [
                "ocimirror", "CommandLineKit", "Files", "Mirroring", "OCI", "Pinning", "StrictJSON",
                "Validation", "YAML",
            ]
        ),
        fuzzing,
    ]
)

// One set of rules for every Swift target. Strict memory safety makes each call into C read
// `unsafe`, which keeps raw pointers inside the wrappers (ARCHITECTURE.md, design principle 3).
for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableUpcomingFeature("InferIsolatedConformances"),
        .enableUpcomingFeature("ImmutableWeakCaptures"),
        .strictMemorySafety(),
        .treatAllWarnings(as: .error),
    ]
}

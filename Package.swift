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

func room(_ name: String, _ dependencies: String...) -> Target {
    .target(name: name, dependencies: dependencies.map { .byName(name: $0) })
}

func tests(of name: String, exclude: [String] = [], _ dependencies: String...) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: ([name] + dependencies).map { .byName(name: $0) },
        exclude: exclude
    )
}

let package = Package(
    name: "ocimirror",
    products: [.executable(name: "ocimirror", targets: ["ocimirror"])],
    targets: [
        // C libraries. Each is imported by exactly one room.
        library("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        library("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
        library("CArchive", pkgConfig: "libarchive", apt: "libarchive-dev"),
        library("CISAL", pkgConfig: "libisal", apt: "libisal-dev"),
        library("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        library("CPosix", pkgConfig: nil, apt: nil),
        library("CMicrohttpd", pkgConfig: "libmicrohttpd", apt: "libmicrohttpd-dev"),

        // Leaves.
        room("Wording"),
        room("StrictJSON", "Wording"),
        room("Waiting"),
        room("CommandLineKit", "Wording"),
        room("Files", "Wording"),
        room("ChildProcess", "Waiting", "Wording", "CPosix"),

        // The nouns, and where they are kept.
        room("OCI", "StrictJSON", "Wording"),
        room("Hashing", "OCI", "CCrypto"),
        room("Content", "OCI", "Hashing", "Files", "StrictJSON", "Wording"),

        // The network.
        room("HTTP", "Wording"),
        room("CurlHTTP", "HTTP", "Wording", "CCurl"),
        room(
            "Registry", "Content", "OCI", "Hashing", "HTTP", "Files", "ChildProcess", "StrictJSON",
            "Waiting", "Wording"),

        // What the project is for.
        room("YAML", "CYAML"),
        room("LayerArchive", "CArchive", "CISAL", "ChildProcess", "Hashing", "OCI", "Waiting"),
        room("Validation", "Content", "OCI", "LayerArchive", "Hashing", "StrictJSON", "Wording"),
        room("Locking", "OCI", "YAML", "Files", "Wording"),
        room(
            "Mirroring", "Content", "LayerArchive", "Validation", "Locking", "YAML", "OCI", "Files",
            "Hashing", "StrictJSON", "Waiting", "Wording"),
        room("Pinning", "Locking", "YAML", "OCI", "Files", "Wording"),

        .executableTarget(
            name: "ocimirror",
            dependencies: [
                "CommandLineKit", "Mirroring", "Registry", "CurlHTTP", "HTTP", "Content",
                "Validation", "Locking", "Pinning", "YAML", "OCI", "Hashing", "Files",
                "ChildProcess", "LayerArchive", "StrictJSON", "Wording", "CPosix",
            ]
        ),

        // Tests.
        .target(
            name: "RegistryTestSupport",
            dependencies: ["OCI", "Hashing", "StrictJSON", "CMicrohttpd"],
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
        tests(of: "CommandLineKit", "Wording"),
        tests(of: "ChildProcess"),
        tests(
            of: "LayerArchive", "ChildProcess", "Hashing", "OCI", "RegistryTestSupport", "ocimirror"
        ),
        tests(of: "Files"),
        tests(of: "Wording"),
        tests(of: "StrictJSON"),
        tests(of: "OCI", "Hashing", "StrictJSON"),
        tests(of: "Hashing", "OCI"),
        tests(of: "HTTP", "Wording"),
        tests(of: "Content", "Files", "Hashing", "OCI", "StrictJSON", "RegistryTestSupport"),
        tests(of: "YAML"),
        tests(of: "RegistryTestSupport", "OCI", "Hashing"),
        tests(
            of: "Registry", "Content", "OCI", "Hashing", "HTTP", "CurlHTTP", "ChildProcess",
            "StrictJSON", "Waiting", "Wording", "RegistryTestSupport"),
        tests(of: "CurlHTTP", "CCurl", "HTTP", "Wording", "RegistryTestSupport"),
        tests(
            of: "ocimirror", "CommandLineKit", "Content", "Files", "Hashing", "Locking",
            "Mirroring", "OCI", "Pinning", "Registry", "RegistryTestSupport", "StrictJSON",
            "Validation", "Wording", "YAML"),
        tests(
            of: "Mirroring", exclude: ["Configuration/Golden"], "Content", "LayerArchive",
            "Locking", "OCI", "RegistryTestSupport", "Validation", "Waiting", "Wording", "ocimirror"
        ),
        tests(
            of: "Pinning", exclude: ["Fixtures"], "Files", "Locking", "OCI", "RegistryTestSupport",
            "YAML"),
        tests(of: "Locking", "OCI", "RegistryTestSupport", "YAML"),
        tests(
            of: "Validation", "Content", "Files", "Hashing", "LayerArchive", "OCI",
            "RegistryTestSupport",
            "ocimirror"),
        .testTarget(
            name: "DocumentationTests",
            dependencies: [
                "ocimirror", "CommandLineKit", "Files", "Mirroring", "OCI", "Pinning", "StrictJSON",
                "Validation", "YAML",
            ]
        ),
    ]
)

// One set of rules for every Swift target. Strict memory safety makes each call into C read
// `unsafe`, which keeps raw pointers inside the wrappers (ARCHITECTURE.md, law 3).
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

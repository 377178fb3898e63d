// SPDX-License-Identifier: Apache-2.0

public import OCI

/// What `mirror.yaml` asks for, every value checked and every default filled in.
public struct MirrorConfiguration: Hashable, Sendable {
    /// The platforms that every image must have.
    public var platforms: [Platform]
    /// How far every image is to be proved.
    public var validation: ValidationLevel
    /// Which children of an index are copied.
    public var copy: CopyScope
    /// Whether signatures, attestations and the like travel along.
    public var referrers: ReferrerPolicy
    /// Whether the digest that a tag had before it moved is kept under a tag of its own.
    public var keepReplaced: Bool
    /// Where the images go; never empty.
    public var targets: [MirrorTarget]
    /// What is known about registries.
    public var registries: [RegistryHost: RegistryOptions]
    /// What is mirrored, in the order of the file.
    public var images: [ImageEntry]

    /// Makes a configuration.
    public init(
        platforms: [Platform] = [.linuxAMD64, .linuxARM64],
        validation: ValidationLevel = .content,
        copy: CopyScope = .all,
        referrers: ReferrerPolicy = .copy,
        keepReplaced: Bool = true,
        targets: [MirrorTarget],
        registries: [RegistryHost: RegistryOptions] = [:],
        images: [ImageEntry]
    ) {
        self.platforms = platforms
        self.validation = validation
        self.copy = copy
        self.referrers = referrers
        self.keepReplaced = keepReplaced
        self.targets = targets
        self.registries = registries
        self.images = images
    }
}

/// Which children of an index are copied.
public enum CopyScope: String, Sendable, CaseIterable {
    /// Every child.
    case all
    /// The required platforms and their attestations; the index keeps its bytes.
    case required
}

/// Whether signatures, attestations and the like travel along.
public enum ReferrerPolicy: String, Sendable, CaseIterable {
    case copy
    case none
}

/// Where images go: a prefix in a registry, or a folder with one OCI image layout per repository.
public struct MirrorTarget: Hashable, Sendable {
    /// Where the repositories lie.
    public enum Prefix: Hashable, Sendable {
        /// In a registry, below a path, which may be empty.
        case registry(RegistryHost, path: String)
        /// In a folder, given as an absolute path.
        case layout(directory: String)
    }

    /// Where the repositories lie.
    public var prefix: Prefix
    /// The same as the configuration has it, its variables not replaced.
    public var writtenPrefix: String
    /// The absolute path of the lockfile; a folder of layouts has none.
    public var lock: String?
    /// The keys under which the lock's block stands, `["global", "ocimirror"]` as a rule.
    public var root: [String]

    /// Makes a target.
    ///
    /// Without `writtenPrefix`, the prefix is taken to be written as it is.
    public init(
        prefix: Prefix, writtenPrefix: String? = nil, lock: String?,
        root: [String] = ["global", "ocimirror"]
    ) {
        self.prefix = prefix
        self.writtenPrefix = writtenPrefix ?? prefix.description
        self.lock = lock
        self.root = root
    }
}

extension MirrorTarget.Prefix: CustomStringConvertible {
    /// `host/path`, or `oci:` and the absolute path of the folder.
    public var description: String {
        switch self {
        case .registry(let host, let path): path.isEmpty ? host.name : "\(host.name)/\(path)"
        case .layout(let directory): "oci:\(directory)"
        }
    }
}

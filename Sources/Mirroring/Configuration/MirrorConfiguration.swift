// SPDX-License-Identifier: Apache-2.0

public import HTTP
public import OCI
public import TextSafety

/// A validated `mirror.yaml` with all defaults.
public struct MirrorConfiguration: Hashable, Sendable {
    /// The platforms that every image must have.
    public var platforms: [Platform]
    /// The depth of validation.
    public var validation: ValidationLevel
    /// The children of an index to copy.
    public var copy: CopyScope
    /// The policy for referrers.
    public var referrers: ReferrerPolicy
    /// A Boolean value that indicates whether the old digest of a moved tag gets a retention tag.
    public var keepReplaced: Bool
    /// The targets; never empty.
    public var targets: [MirrorTarget]
    /// The options of each registry.
    public var registries: [RegistryHost: RegistryOptions]
    /// The images, in the order of the file.
    public var images: [ImageEntry]

    /// Creates a configuration.
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

/// The children of an index to copy.
public enum CopyScope: String, Sendable, CaseIterable {
    /// All children.
    case all
    /// The required platforms and their attestation manifests.
    ///
    /// The index keeps its bytes.
    case required
}

/// The policy for referrers.
public enum ReferrerPolicy: String, Sendable, CaseIterable {
    case copy
    case none
}

/// A target: a prefix in a registry, or a directory with one OCI image layout per repository.
public struct MirrorTarget: Hashable, Sendable {
    /// The location of a target's repositories.
    public enum Prefix: Hashable, Sendable {
        /// A registry and a path, which may be empty.
        case registry(RegistryHost, path: String)
        /// A directory, as an absolute path.
        case layout(directory: String)
    }

    /// The location of the repositories.
    public var prefix: Prefix
    /// The prefix as written, without expanded variables.
    public var writtenPrefix: String
    /// The absolute path of the lock file, or `nil` for a directory of layouts.
    public var lock: String?
    /// The keys below which the lock file has its entries, usually `["global", "ocimirror"]`.
    public var root: [String]
    /// The repository in which the lock file is published, or `nil` if it is not.
    public var publishedLock: Repository?

    /// Creates a target.
    ///
    /// Without `writtenPrefix`, the prefix is assumed to be written as is.
    public init(
        prefix: Prefix, writtenPrefix: String? = nil, lock: String?,
        root: [String] = ["global", "ocimirror"], publishedLock: Repository? = nil
    ) {
        self.prefix = prefix
        self.writtenPrefix = writtenPrefix ?? prefix.description
        self.lock = lock
        self.root = root
        self.publishedLock = publishedLock
    }

    /// Returns a Boolean value that indicates whether a repository is below the prefix.
    public func contains(_ repository: Repository) -> Bool {
        guard case .registry(let host, let path) = prefix, repository.registry == host else {
            return false
        }
        return path.isEmpty || repository.path.hasPrefix("\(path)/")
    }
}

extension MirrorTarget.Prefix: CustomStringConvertible {
    /// `host/path`, or `oci:` and the absolute path of the directory.
    public var description: String {
        switch self {
        case .registry(let host, let path): path.isEmpty ? host.name : "\(host.name)/\(path)"
        case .layout(let directory): "oci:\(directory)"
        }
    }
}

/// The options of a registry in the configuration.
public struct RegistryOptions: Hashable, Sendable {
    /// A user name and a password.
    public struct Credentials: Hashable, Sendable {
        /// The user name.
        public var username: String
        /// The password or token.
        public var password: Secret

        /// Creates credentials.
        public init(username: String, password: Secret) {
            self.username = username
            self.password = password
        }
    }

    /// The credentials, if the configuration has some.
    public var credentials: Credentials?
    /// The policy for anonymous pulls after credentials were rejected.
    public var requiresAuth = false
    /// A Boolean value that indicates whether the registry uses HTTP without TLS.
    public var plainHTTP = false
    /// A Boolean value that indicates whether credentials may be sent without TLS.
    public var credentialsOverHTTP = false
    /// The absolute path of a file with certificate authorities (PEM).
    public var caFile: String?
    /// The absolute path of a client certificate (PEM).
    public var clientCertificate: String?
    /// The absolute path of the client certificate's key (PEM).
    public var clientKey: String?
    /// The upper bound of concurrent requests, of large downloads, and of large uploads; `nil` for the
    /// one that suits the registry.
    public var concurrency: Int?
    /// The way blobs are uploaded; `nil` for the one that suits the registry.
    public var upload: UploadDialect?
    /// The number of pulls to leave unused.
    public var reservePulls = 0
    /// The hosts from which content is read first, by digest.
    public var endpoints: [RegistryHost] = []
    /// Further token servers that may receive the credentials.
    public var tokenHosts: [RegistryHost] = []
    /// Hosts that the registry may refer to although they are private (`allow`).
    public var allowedHosts: [RegistryHost] = []
    /// Address ranges that the registry may refer to although they are private (`allow`).
    public var allowedRanges: [AddressRange] = []

    /// Creates options with default values.
    public init() {}
}

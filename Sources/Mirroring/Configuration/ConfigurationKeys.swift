// SPDX-License-Identifier: Apache-2.0

/// The keys that each section of a configuration may have.
enum ConfigurationKeys {
    static let topLevel = [
        "version", "platforms", "validation", "copy", "referrers", "naming", "keepReplaced",
        "targets",
        "registries", "images",
    ]
    static let target = ["prefix", "lock", "root"]
    static let registry = [
        "credentials", "auth", "plainHTTP", "credentialsOverHTTP", "caFile", "clientCertificate",
        "clientKey", "concurrency", "upload", "reservePulls", "endpoints", "tokenHosts", "allow",
    ]
    static let credentials = ["username", "password"]
    static let image = [
        "source", "name", "id", "tags", "floating", "requires", "validation", "copy", "referrers",
        "artifact", "moved", "exception",
    ]
    static let tags = ["semver", "regex", "latest"]
    static let exception = ["platforms", "reason", "until"]

    /// All keys of all sections.
    static let all = Set(
        topLevel + target + registry + credentials + image + tags + exception)
}

/// The policy for anonymous pulls after credentials were rejected.
enum RegistryAuth: String, CaseIterable {
    case optional
    case required
}

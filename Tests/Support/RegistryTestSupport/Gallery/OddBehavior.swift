// SPDX-License-Identifier: Apache-2.0

/// A behavior of a real registry, or of a proxy in front of one, that deviates from the
/// specification.
///
/// Each behavior names the public report of it. A registry adopts any number of them.
public struct OddBehavior: Sendable, CustomStringConvertible {
    /// The name, by which `loopback-registry --odd` selects it.
    public let name: String
    /// The public report.
    public let source: String
    let rules: [FaultRule]

    init(_ name: String, source: String, _ rules: FaultRule...) {
        self.name = name
        self.source = source
        self.rules = rules
    }

    /// The name.
    public var description: String { name }

    /// All behaviors.
    public static let gallery: [OddBehavior] = [
        differentHEADLength, wrongReferrerSizes, webPageForManifests, webPageForTags,
        webPageForReferrers, forbiddenWebPage, nullReferrers, gzippedMetadata, gzippedBlobs,
        labeledBlobs, failingReferrers(status: 500), failingMounts(status: 500),
        throttlingForAMinute, cutBlobs, corruptBlobs, untypedManifests, manifestsLabeledAsHTML,
        partsWithStatus200, rejectedRanges, blockedPulls, exceededQuota, headNotFound,
        missingContentWithStatus500, reasonOnlyInDetail, warnings, sha256Only,
    ]
}

extension LoopbackRegistry {
    /// Makes the registry behave in this way from now on, until it is healed.
    public func adopt(_ behavior: OddBehavior) {
        for rule in behavior.rules { inject(rule) }
    }
}

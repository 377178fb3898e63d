// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Images in fields in which a digest does not belong, or may not belong.
extension SiteFinder {
    /// Returns the reason for which an image gets no digest; `nil` if it can have one.
    func placementReason(of site: ImageReferenceSite) -> String? {
        state.placement.reason(
            at: site.path, in: innermost, below: outerMapping, isText: site.mapping == nil)
            ?? (site.tag == nil
                ? nil
                : state.placement.reason(at: site.tagPath, in: nil, isText: true))
    }

    /// Returns the reason for which an image may be one that gets no digest; `nil` if there is none.
    func placementUncertainty(of site: ImageReferenceSite) -> String? {
        state.placement.uncertainty(
            at: site.path, in: innermost, below: outerMapping, isText: site.mapping == nil)
    }

    /// Rejects an image that is not known to be that of all releases, and one whose digest would also be that
    /// of another image.
    mutating func rejectOtherUses(of site: inout ImageReferenceSite) {
        if site.missingIDReason == nil {
            switch change(of: site) {
            case .name(let reason): site.reject(asUncertain: reason, as: .changedImage)
            case .unknown(let reason): site.reject(asUncertain: reason)
            case .tag(let name):
                site.reject(inheritance(of: site, by: "\(name) is"), as: .sharedTag)
            case nil: break
            }
        }
        if site.missingIDReason == nil,
            let reason = placementUncertainty(of: site) ?? rename(of: site)
        {
            site.reject(asUncertain: reason)
        }
        if let missingIDReason = site.missingIDReason { site.reject(missingIDReason) }
        if [.tag, .digest, .sha].contains(site.shape), let conflict = tagConflict(of: site) {
            site.reject(conflict.reason, as: conflict.kind)
        }
    }

    private var innermost: MergedMapping? { mapping.map { MergedMapping($0, anchors) } }

    /// The mapping around the innermost one.
    var outerMapping: MergedMapping? {
        mappings.dropLast().last.map { MergedMapping($0, anchors) }
    }
}

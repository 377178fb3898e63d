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

    private var innermost: MergedMapping? { mapping.map { MergedMapping($0, anchors) } }

    /// The mapping around the innermost one.
    var outerMapping: MergedMapping? {
        mappings.dropLast().last.map { MergedMapping($0, anchors) }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Lockfiles
public import OCI

extension LockedImage {
    /// The tag under which the image is at the target: the version's, or the source's channel tag.
    public var targetTag: Tag? {
        if let tag { return tag }
        if let layout = try? LayoutReference(parsing: source) { return layout.tag }
        return (try? Reference(parsing: source))?.tag
    }
}

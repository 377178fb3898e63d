// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Lockfiles
public import OCI

extension LockedImage {
    /// The tag of the image at the target: the version tag, or the floating tag of the source.
    public var targetTag: Tag? {
        if let tag { return tag }
        if let layout = try? LayoutReference(parsing: source) { return layout.tag }
        return (try? Reference(parsing: source))?.tag
    }
}

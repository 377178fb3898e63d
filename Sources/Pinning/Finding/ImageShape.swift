// SPDX-License-Identifier: Apache-2.0

/// How an image is written down.
///
/// `Documentation/pins.md` lists the shapes with examples of charts that use them.
public enum ImageShape: String, Hashable, Sendable, CaseIterable {
    /// One text, `repository:tag@digest`.
    case reference
    /// A text inside another, such as `--image=repository:tag`.
    case substring
    /// Repository and tag in keys of their own; the digest goes behind the tag.
    case tag
    /// The same, with a key for the digest.
    case digest
    /// The same, with a key for the digest without `sha256:`.
    case sha
    /// One tag for several images.
    case sharedTag = "shared-tag"
    /// A second digest beside the first, of another variant of the image.
    case secondDigest = "second-digest"
    /// A list of images that is read by other tools and pins nothing.
    case inventory
    /// Text of a template.
    case template
}

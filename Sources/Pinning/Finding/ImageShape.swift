// SPDX-License-Identifier: Apache-2.0

/// The form in which a file writes an image.
///
/// `Documentation/pins.md` lists the shapes with examples.
public enum ImageShape: String, Hashable, Sendable, CaseIterable {
    /// A whole reference, `repository:tag@digest`.
    case reference
    /// A reference in a longer text, such as `--image=repository:tag`.
    case substring
    /// Repository and tag in separate keys; the digest follows the tag.
    case tag
    /// Repository and tag in separate keys, with a key for the digest.
    case digest
    /// Repository and tag in separate keys, with a key for the digest without `sha256:`.
    case sha
    /// One tag for several images.
    case sharedTag = "shared-tag"
    /// A second digest beside the first, of another variant of the image.
    case secondDigest = "second-digest"
    /// A list of images for other tools, which pins nothing.
    case inventory
    /// Text of a template.
    case template
}

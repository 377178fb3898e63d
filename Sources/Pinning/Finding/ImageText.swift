// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Recognizes images by keys and texts.
enum ImageText {
    /// Returns a Boolean value that indicates whether the value of a key is an image: `image`,
    /// `initImage`, `docker_image`, `IMAGE`, `imageName`.
    static func isImageKey(_ key: String) -> Bool {
        key.hasSuffixIgnoringCase("image") || key.equalsIgnoringCase("imagename")
            || key.equalsIgnoringCase("image_name")
    }

    /// Returns a Boolean value that indicates whether the values of a key are images: `images`,
    /// `sidecar_docker_images`.
    static func isImagesKey(_ key: String) -> Bool {
        key.hasSuffixIgnoringCase("images")
    }

    /// Returns a Boolean value that indicates whether a variable or option is named after an image:
    /// `RELATED_IMAGE_WEB`.
    static func mentionsImage(_ name: String) -> Bool {
        name.containsIgnoringCase("image") && !name.containsIgnoringCase("policy")
            && !name.containsIgnoringCase("secret")
    }

    /// Returns a Boolean value that indicates whether the text contains a placeholder of a
    /// template.
    static func isTemplate(_ text: String) -> Bool {
        var last: UInt8 = 0
        for byte in text.utf8 {
            switch (last, byte) {
            case (UInt8(ascii: "{"), UInt8(ascii: "{")), (UInt8(ascii: "$"), UInt8(ascii: "{")),
                (UInt8(ascii: "$"), UInt8(ascii: "(")):
                return true
            default: last = byte
            }
        }
        return false
    }

    /// Returns the reference in a text that has a tag or a digest; `nil` for other texts.
    static func pinnable(_ text: String) -> Reference? {
        guard text.utf8.count <= 512, let reference = try? Reference(parsing: text),
            reference.tag != nil || reference.digest != nil
        else { return nil }
        return reference
    }

    /// Returns the reference that a text consists of, with or without a tag or digest, or `nil` if
    /// it is not a reference.
    static func reference(_ text: String) -> Reference? {
        text.utf8.count <= 512 ? try? Reference(parsing: text) : nil
    }

    /// Returns the reference after the `=` of an option such as `--acme-solver-image=registry/a:1`.
    ///
    /// - Returns: The range of the reference in bytes.
    static func optionValue(_ text: String) -> Range<Int>? {
        guard text.hasPrefix("-"), let equals = text.utf8.firstIndex(of: UInt8(ascii: "="))
        else { return nil }
        let value = text[text.utf8.index(after: equals)...]
        guard let reference = pinnable(String(value)) else { return nil }
        // Options that are not named after images can have values like `a:1` too.
        guard
            mentionsImage(String(text[..<equals]))
                || (value.contains("/") && reference.names(value))
        else { return nil }
        let start = text.utf8.distance(from: text.startIndex, to: value.startIndex)
        return start..<text.utf8.count
    }

    /// Returns the reference in a line such as `3.9.0=quay.io/strimzi/kafka:0.45.0`.
    ///
    /// - Returns: The text before the `=`, the reference, and its range in bytes.
    static func lineValue(
        _ line: Substring.UTF8View
    ) -> (name: String, value: String, range: Range<Int>)? {
        let bytes = Array(line)
        let end = (bytes.lastIndex { $0 != 0x20 && $0 != 0x0D } ?? -1) + 1
        guard let equals = bytes[..<end].firstIndex(of: UInt8(ascii: "=")),
            case let value = String(decoding: bytes[(equals + 1)..<end], as: UTF8.self),
            pinnable(value) != nil
        else { return nil }
        return (String(decoding: bytes[..<equals], as: UTF8.self), value, (equals + 1)..<end)
    }
}

extension Reference {
    /// Returns a Boolean value that indicates whether the text names the registry.
    fileprivate func names(_ text: Substring) -> Bool {
        text.lowercased().hasPrefix("\(repository.registry.name)/")
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// What a key or a text says about whether it names an image.
enum ImageText {
    /// Whether a key's value is an image: `image`, `initImage`, `docker_image`, `IMAGE`, `imageName`.
    static func isImageKey(_ key: String) -> Bool {
        key.ends(inWord: "image") || key.isWord("imagename") || key.isWord("image_name")
    }

    /// Whether a key's values are images: `images`, `sidecar_docker_images`.
    static func isImagesKey(_ key: String) -> Bool {
        key.ends(inWord: "images")
    }

    /// Whether a variable's or option's name speaks of an image: `RELATED_IMAGE_WEB`.
    static func mentionsImage(_ name: String) -> Bool {
        name.holds(word: "image") && !name.holds(word: "policy") && !name.holds(word: "secret")
    }

    /// Whether the text has to be filled in by something else first.
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

    /// Reads a text as a reference that is surely one: it has a tag or a digest.
    static func pinnable(_ text: String) -> Reference? {
        guard text.utf8.count <= 512, let reference = try? Reference(parsing: text),
            reference.tag != nil || reference.digest != nil
        else { return nil }
        return reference
    }

    /// Reads a text as a reference even if it has neither tag nor digest.
    static func reference(_ text: String) -> Reference? {
        text.utf8.count <= 512 ? try? Reference(parsing: text) : nil
    }

    /// Finds a reference behind the `=` of an option such as `--acme-solver-image=registry/a:1`.
    ///
    /// - Returns: its place in bytes.
    static func optionValue(_ text: String) -> Range<Int>? {
        guard text.hasPrefix("-"), let equals = text.utf8.firstIndex(of: UInt8(ascii: "="))
        else { return nil }
        let value = text[text.utf8.index(after: equals)...]
        guard let reference = pinnable(String(value)) else { return nil }
        // Options that do not speak of images have values like `a:1` too.
        guard
            mentionsImage(String(text[..<equals]))
                || (value.contains("/") && reference.names(value))
        else { return nil }
        let start = text.utf8.distance(from: text.startIndex, to: value.startIndex)
        return start..<text.utf8.count
    }

    /// Finds a reference in a line such as `3.9.0=quay.io/strimzi/kafka:0.45.0`.
    ///
    /// - Returns: what stands before the `=`, the reference, and its place in bytes.
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
    /// Whether the text says the registry and does not leave it to the default.
    fileprivate func names(_ text: Substring) -> Bool {
        text.lowercased().hasPrefix("\(repository.registry.name)/")
    }
}

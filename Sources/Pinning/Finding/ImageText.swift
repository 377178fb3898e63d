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
        guard let reference = reference(text), reference.tag != nil || reference.digest != nil
        else { return nil }
        return reference
    }

    /// Returns the reference that a text consists of, with or without a tag or digest, or `nil` if
    /// it is not a reference.
    ///
    /// A digest such as `sha256:…` has the form of a repository with a tag, but is not an image.
    static func reference(_ text: String) -> Reference? {
        guard text.utf8.count <= 512, !isDigest(text) else { return nil }
        return try? Reference(parsing: text)
    }

    /// Returns a Boolean value that indicates whether the text is a digest, complete or shortened.
    static func isDigest(_ text: String) -> Bool {
        ["sha256:", "sha384:", "sha512:"].contains { text.hasPrefix($0) }
    }

    /// Returns the text of the digest after the `@` of a tag, or `nil` if there is none.
    static func digest(after tag: String) -> String? {
        tag.firstIndex(of: "@").map { String(tag[tag.index(after: $0)...]) }
    }

    /// An option of a command line with an image as its value.
    struct Option {
        /// The option with its dashes.
        let name: Substring
        let image: Reference
        /// The range of the image in the text, in bytes.
        let value: Range<Int>
    }

    /// Returns the option and the image in a text such as `--acme-solver-image=registry/a:1` or
    /// `--image registry/a:1`.
    static func option(in text: String) -> Option? {
        guard text.hasPrefix("-"),
            let separator = text.utf8.firstIndex(where: { $0 == 0x3D || $0 == 0x20 })
        else { return nil }
        let name = text[..<separator]
        let value = text[text.utf8.index(after: separator)...]
        guard let reference = pinnable(String(value)) else { return nil }
        // Options that are not named after images can have values like `a:1` too.
        guard mentionsImage(String(name)) || hasRegistry(String(value)) else { return nil }
        let start = text.utf8.distance(from: text.startIndex, to: value.startIndex)
        return Option(name: name, image: reference, value: start..<text.utf8.count)
    }

    /// Returns a Boolean value that indicates whether a text begins with a registry and a slash.
    static func hasRegistry(_ text: String) -> Bool {
        guard let slash = text.firstIndex(of: "/") else { return false }
        let host = text[..<slash]
        return host == "localhost" || host.contains { $0 == "." || $0 == ":" }
    }

    /// Returns the ranges of the words in a line that consist of characters of references and have a
    /// slash or a colon.
    static func words(in line: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        while start < line.count {
            guard isReferenceByte(line[start]) else {
                start += 1
                continue
            }
            var end = start
            while end < line.count, isReferenceByte(line[end]) { end += 1 }
            let next = end
            // A scheme is not a part of the name, and punctuation after a word is not either.
            for scheme in ["oci://", "docker://"] where line[start..<end].starts(with: scheme.utf8)
            {
                start += scheme.utf8.count
            }
            while end > start, [0x2E, 0x3A, 0x2F, 0x2D].contains(line[end - 1]) { end -= 1 }
            if line[start..<end].contains(where: { $0 == 0x2F || $0 == 0x3A }) {
                ranges.append(start..<end)
            }
            start = next
        }
        return ranges
    }

    private static func isReferenceByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2E, 0x5F, 0x2F, 0x3A, 0x2D, 0x40: true
        default: false
        }
    }

    /// Returns the reference in a line such as `3.9.0=quay.io/strimzi/kafka:0.45.0`
    /// or `kafka: quay.io/strimzi/kafka:0.45.0`.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - number: The number of the line, which names a line without a separator.
    /// - Returns: The text before the separator, the reference, and its range in bytes.
    static func lineValue(
        _ line: Substring.UTF8View, number: Int
    ) -> (name: String, value: String, range: Range<Int>)? {
        let bytes = Array(line)
        let end = (bytes.lastIndex { $0 != 0x20 && $0 != 0x0D } ?? -1) + 1
        let begin = bytes[..<end].firstIndex { $0 != 0x20 && $0 != 0x09 } ?? end
        let whole = String(decoding: bytes[begin..<end], as: UTF8.self)
        if hasRegistry(whole), pinnable(whole) != nil { return ("[\(number)]", whole, begin..<end) }
        guard let separator = bytes[..<end].firstIndex(where: { $0 == 0x3D || $0 == 0x3A }),
            let start = bytes[(separator + 1)..<end].firstIndex(where: { $0 != 0x20 }),
            case let value = String(decoding: bytes[start..<end], as: UTF8.self),
            pinnable(value) != nil
        else { return nil }
        return (String(decoding: bytes[..<separator], as: UTF8.self), value, start..<end)
    }
}

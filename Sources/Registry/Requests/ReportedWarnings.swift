// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import AsyncPrimitives
internal import TextSafety

/// The warnings in a registry's responses, each of which is reported once.
///
/// Source: distribution-spec § Warnings: `Warning: 299 - "text"`.
final class ReportedWarnings: Sendable {
    /// The number of different warnings that are reported.
    private static let maximumCount = 10

    private let reported = Mutex<Set<String>>([])

    /// Returns the warnings that were not reported yet.
    func new(in fields: HTTPFields) -> [UntrustedText] {
        let texts = fields.values("warning").compactMap(Self.text)
        guard !texts.isEmpty else { return [] }
        return reported.withLock { reported in
            texts.filter { text in
                reported.count < Self.maximumCount && reported.insert(text).inserted
            }.map(UntrustedText.init)
        }
    }

    /// Returns the text of a warning for users, or `nil` for warnings of caches.
    private static func text(of value: String) -> String? {
        guard value.hasPrefix("299 - \"") else { return nil }
        let text = value.dropFirst("299 - \"".count).prefix { $0 != "\"" }
        return text.isEmpty ? nil : String(text)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Hashing
internal import OCI

/// The report as one self-contained HTML page.
///
/// The page loads and sends nothing. Its Content-Security-Policy permits only its own style and
/// script, by hash. Without scripts only filters and sorting are missing.
///
/// Source: Content Security Policy Level 3, §3.3 (the meta element), §8.4 (hashes).
struct HTMLReport {
    let text: String

    init(_ report: RunReport) {
        let policy =
            "default-src 'none'; style-src '\(Self.hash(Self.style))'; "
            + "script-src '\(Self.hash(Self.script))'; base-uri 'none'; form-action 'none'"
        let page: HTML = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(policy)">
            <meta name="referrer" content="no-referrer">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>Mirror: \(report.headline)</title>
            <style>\(HTML(stringLiteral: Self.style))</style>
            </head>
            <body>
            \(HTMLSummary(report).html)
            <main>
            \(HTMLSections.warnings(report.credentials))
            \(HTMLMatrix(report).html)
            \(HTMLSections(report).html)
            </main>
            <footer>ocimirror \(Program.version)</footer>
            <script>\(HTML(stringLiteral: Self.script))</script>
            </body>
            </html>

            """
        text = page.description
    }

    /// Returns the hash by which the policy permits a style or script.
    private static func hash(_ text: String) -> String {
        "sha256-" + base64(Digest.of(Array(text.utf8)).hexBytes)
    }

    /// Returns the Base64 encoding.
    ///
    /// Source: RFC 4648 §4.
    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for position in 0..<4 {
                text.append(
                    position <= group.count ? alphabet[bits >> (18 - 6 * position) & 63] : "=")
            }
        }
        return text
    }
}

extension Digest {
    fileprivate var hexBytes: [UInt8] {
        let digits = hex.utf8.map { $0 < 0x3A ? $0 - 0x30 : $0 - 0x61 + 10 }
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            digits[$0] << 4 | digits[$0 + 1]
        }
    }
}

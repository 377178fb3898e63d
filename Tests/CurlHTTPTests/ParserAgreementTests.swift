// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

/// If two parsers disagree about a URL, credentials reach the wrong host.
@Suite struct ParserAgreementTests {
    /// Returns whether libcurl parses the text and its canonical form as the same origin.
    private func agrees(_ text: String, _ origin: Origin) -> Bool {
        let ours = CurlURL(
            scheme: origin.scheme.rawValue, host: origin.host, port: "\(origin.port)")
        guard CurlURL(parsing: "\(origin)/x") == ours, let theirs = CurlURL(parsing: text),
            let scheme = Origin.Scheme(rawValue: theirs.scheme)
        else { return false }
        return (try? Origin(scheme: scheme, host: theirs.host, port: UInt16(theirs.port))) == origin
    }

    @Test(arguments: [
        "quay.io", "Quay.IO", "quay.io.", "quay.io.:5000", "quay.io:443", "quay.io:0443",
        "quay.io:80", "localhost", "a", "1and1.com", "1.2.3.com", "my_registry.local",
        "xn--gd-zka.example", "registry.example.com.evil", "127.0.0.1", "127.0.0.1.", "0.0.0.0",
        "255.255.255.255:5000", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[2001:DB8::0001]:5000",
        "[FE80::ABCD]:443", "[::ffff:7f00:1]", "[1:2:3:4:5:6:7::]", "[64:ff9b::a00:1]",
    ])
    func `A01 libcurl parses the origin that was checked`(authority: String) throws {
        for scheme in ["http", "https", "HTTPS", "hTTp"] {
            let text = "\(scheme)://\(authority)/v2/"
            let origin = try HTTPURL(parsing: text).origin
            #expect(agrees(text, origin), "\(text)")
        }
    }

    // libcurl parses these as 127.0.0.1, as the host `evil.test`, or completes them.
    @Test(
        arguments: [
            ("https://2130706433/", "127.0.0.1"), ("https://127.1/", "127.0.0.1"),
            ("https://0x7f.1/", "127.0.0.1"), ("https://0177.0.0.1/", "127.0.0.1"),
            ("https:///evil.test/x", "evil.test"), ("https:/evil.test/x", "evil.test"),
            ("evil.test/x", "evil.test"), ("https://%65vil.test/", "evil.test"),
        ])
    func `A01 URLs that libcurl parses leniently are rejected first`(
        text: String, host: String
    ) {
        #expect(CurlURL(parsing: text)?.host == host)
        #expect(throws: URLError.self) { try HTTPURL(parsing: text) }
    }

    // The texts depend on a seed, so that a failure is reproducible.
    @Test(arguments: UInt64(1)...8)
    func `A01 libcurl parses every accepted URL identically`(seed: UInt64) throws {
        var random = Sequence(state: seed)
        var accepted = 0
        for _ in 0..<40_000 {
            let text = random.url()
            guard let origin = try? HTTPURL(parsing: text).origin else { continue }
            accepted += 1
            if !agrees(text, origin) {
                Issue.record("libcurl disagrees about \(text.debugDescription)")
            }
        }
        #expect(accepted > 2_000)
    }

    /// A linear congruential generator of texts.
    private struct Sequence {
        var state: UInt64

        mutating func number(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }

        mutating func pick<Element>(_ elements: [Element]) -> Element {
            elements[number(below: elements.count)]
        }

        /// Returns a URL of valid components, with up to three bytes changed.
        mutating func url() -> String {
            let pieces = (0...number(below: 4)).map { _ in pick(Self.pieces) }
            let glue = pick([".", ".", ":", ""])
            var text = Array("\(pick(Self.schemes))\(pieces.joined(separator: glue))".utf8)
            if number(below: 3) == 0 { text += Array(":\(number(below: 70_000))".utf8) }
            text += Array(pick(Self.ends).utf8)
            for _ in 0..<number(below: 4) where number(below: 2) == 0 {
                let place = number(below: text.count)
                switch number(below: 3) {
                case 0: text[place] = pick(Self.bytes)
                case 1: text.insert(pick(Self.bytes), at: place)
                default: text.remove(at: place)
                }
            }
            return String(decoding: text, as: UTF8.self)
        }

        static let schemes = [
            "https://", "https://", "https://", "https://", "http://", "http://", "HTTP://",
            "https:", "https:/", "https:///", "//",
            "ftp://", "http://u@", "http://u:p@", "https://[", "http://[",
        ]
        static let pieces = [
            "quay", "io", "a", "Z9", "x-y", "_z", "quay", "io", "test", "com", "registry", "b2",
            "127", "0", "1", "255", "256", "0x7f", "017",
            "localhost", "xn--a", "::", "::1", "fe80", "ffff", "[::1]", "[", "]", "2130706433", "-",
            "",
        ]
        static let ends = ["/", "/v2/", "", "?x=1", "#f", "/a?b@c", "]/", "./", "/@x", "\\@x/"]
        static let bytes = Array("aZ09.-_:/@[]?#%\\ \t\r\n+~!$&'()*,;=<>|^`{}\u{0}\u{7F}é。".utf8)
    }
}

// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite struct OriginTests {
    @Test(
        arguments: [
            // Host names, in lower case and without the trailing dot.
            ("quay.io", "https://quay.io"), ("Quay.IO", "https://quay.io"),
            ("quay.io.", "https://quay.io"),
            ("localhost", "https://localhost"), ("a", "https://a"),
            ("xn--gd-zka.example", "https://xn--gd-zka.example"),
            ("my_registry.local", "https://my_registry.local"), ("1and1.com", "https://1and1.com"),
            ("registry.example.com.evil", "https://registry.example.com.evil"),
            ("1.2.3.com", "https://1.2.3.com"),
            // Ports; the default port of the scheme is omitted.
            ("quay.io:443", "https://quay.io"), ("quay.io:80", "https://quay.io:80"),
            ("quay.io:1", "https://quay.io:1"), ("quay.io:65535", "https://quay.io:65535"),
            ("quay.io.:5000", "https://quay.io:5000"), ("quay.io:0443", "https://quay.io"),
            // IPv4 addresses in their canonical form.
            ("127.0.0.1", "https://127.0.0.1"), ("0.0.0.0", "https://0.0.0.0"),
            ("255.255.255.255:5000", "https://255.255.255.255:5000"),
            ("127.0.0.1.", "https://127.0.0.1"),
            // IPv6 addresses in the form of RFC 5952.
            ("[::1]", "https://[::1]"), ("[::1]:5000", "https://[::1]:5000"),
            ("[::]", "https://[::]"),
            ("[0:0:0:0:0:0:0:1]", "https://[::1]"), ("[2001:DB8::0001]", "https://[2001:db8::1]"),
            ("[2001:db8:0:0:1:0:0:1]", "https://[2001:db8::1:0:0:1]"),
            ("[2001:db8:0:1:1:1:1:1]", "https://[2001:db8:0:1:1:1:1:1]"),
            ("[2001:0:0:1:0:0:0:1]", "https://[2001:0:0:1::1]"),
            ("[1:0:0:0:0:0:0:0]", "https://[1::]"),
            ("[::1:2:3:4:5:6:7]", "https://[0:1:2:3:4:5:6:7]"),
            ("[1:2:3:4:5:6:7::]", "https://[1:2:3:4:5:6:7:0]"),
            ("[FE80::ABCD]:443", "https://[fe80::abcd]"),
            ("[::ffff:7f00:1]", "https://[::ffff:7f00:1]"),
        ])
    func `an authority has one canonical form`(authority: String, text: String) throws {
        let origin = try Origin(scheme: .https, authority: authority)
        #expect(origin.description == text)
        #expect(try HTTPURL(parsing: text).origin == origin)
    }

    @Test(
        arguments: [
            // Other forms of IPv4 addresses, which parsers interpret differently.
            "127.1", "127.0.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "127.0.0.01",
            "127.0.0.0x1",
            "256.0.0.1", "1.2.3.4.5", "127.0.0.1..", "1.2.3.256", "017700000001", "127.0.0.1e1.5",
            "0X7F.0.0.1",
            // Invalid host names.
            "", ".", "..", ".a", "a..b", "a..", "-a.b", "a-.b", "a b", "a,b", "a*b", "a!b", "a%2eb",
            "%31",
            String(repeating: "a", count: 64),
            Array(repeating: "abcd", count: 51).joined(separator: "."),
            // Users, paths, queries, fragments, backslashes, controls.
            "user@quay.io", "user:pass@quay.io", "@quay.io", "quay.io@evil.test", "quay.io/x",
            "quay.io?x", "quay.io#x",
            "quay.io\\evil.test", "quay.io\n", "quay.io\r\nX: y", "quay.io\u{0}", "\tquay.io",
            "quay.io ",
            // Invalid ports.
            "quay.io:", "quay.io:0", "quay.io:65536", "quay.io:99999999999999999999", "quay.io:-1",
            "quay.io:+1",
            "quay.io:80x", "quay.io: 80", "quay.io:１", "quay.io:80:80", ":443", ":",
            // IPv6 without brackets, with an invalid address in brackets, with zones, or with
            // embedded IPv4.
            "::1", "[::1", "::1]", "[]", "[:]", "[:::]", "[1]", "[1:2:3:4:5:6:7]",
            "[1:2:3:4:5:6:7:8:9]",
            "[1:2:3:4:5:6:7:8::]", "[1::2::3]", "[::g]", "[::12345]", "[::-0]", "[::+1]",
            "[:1:2:3:4:5:6:7]",
            "[::1]x", "[::1]:", "[::1]5000", "x[::1]", "[[::1]]", "[fe80::1%eth0]",
            "[fe80::1%25eth0]",
            "[::ffff:127.0.0.1]", "[::１]", "[v1.x]", "[::1 ]",
            // Other scripts, also if lower case or normalization results in ASCII.
            "good。example", "good．example", "good｡example", "größe.example", "\u{212A}8s.io",
            "ｑuay.io", "①.io",
            "quay\u{AD}.io", "quay\u{200B}.io", "quay.io\u{301}", "ⅼocalhost",
        ])
    func `an authority that parsers interpret differently is rejected`(authority: String) {
        #expect(throws: URLError.self) { try Origin(scheme: .https, authority: authority) }
    }

    @Test func `an origin consists of scheme, host and port`() throws {
        let plain = try Origin(scheme: .http, host: "quay.io")
        let secure = try Origin(scheme: .https, host: "quay.io")
        #expect(plain != secure)
        #expect(plain.port == 80)
        #expect(secure.port == 443)
        #expect(try Origin(scheme: .https, host: "quay.io", port: 443) == secure)
        #expect(try Origin(scheme: .https, host: "quay.io", port: 444) != secure)
        #expect(
            try Origin(scheme: .http, host: "quay.io", port: 443).description
                == "http://quay.io:443")
        #expect(throws: URLError.self) { try Origin(scheme: .https, host: "quay.io", port: 0) }
        #expect(throws: URLError.self) { try Origin(scheme: .https, host: "quay.io:443") }
    }

    @Test(
        arguments: [
            ("localhost", true), ("registry.localhost", true), ("127.0.0.1", true),
            ("127.255.0.3", true),
            ("[::1]", true), ("localhost.evil.test", false), ("notlocalhost", false),
            ("127.evil.test", false),
            ("128.0.0.1", false), ("[::2]", false), ("[::1:0]", false), ("10.0.0.1", false),
        ])
    func `loopback addresses are recognized`(host: String, isLoopback: Bool) throws {
        #expect(try Origin(scheme: .http, host: host).isLoopback == isLoopback)
    }
}

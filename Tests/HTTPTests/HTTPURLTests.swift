// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite struct HTTPURLTests {
    private static func text(_ url: HTTPURL) -> String { "\(url.origin)\(url.target)" }

    @Test(
        arguments: [
            ("https://quay.io", "https://quay.io/"), ("https://quay.io/", "https://quay.io/"),
            ("HTTPS://Quay.IO:443/V2/", "https://quay.io/V2/"),
            ("http://localhost:5000/v2/", "http://localhost:5000/v2/"),
            ("https://quay.io?a=b", "https://quay.io/?a=b"),
            ("https://quay.io/?", "https://quay.io/?"),
            ("https://[::1]:5000/v2/a?b", "https://[::1]:5000/v2/a?b"),
            // Path and query are kept byte for byte.
            (
                "https://x.test/a%2Fb//c;d=e,f?_state=A%3d+b%2F/=&&x=http://y.test/../z",
                "https://x.test/a%2Fb//c;d=e,f?_state=A%3d+b%2F/=&&x=http://y.test/../z"
            ),
            ("https://x.test/...", "https://x.test/..."),
            ("https://x.test/.a/b./..c", "https://x.test/.a/b./..c"),
        ])
    func `an absolute URL is parsed`(text: String, canonical: String) throws {
        #expect(Self.text(try HTTPURL(parsing: text)) == canonical)
    }

    @Test(
        arguments: [
            "", "/", "quay.io", "quay.io/v2/", "//quay.io/", "https:", "https:/", "https://",
            "https:///evil.test/x",
            "https:quay.io", "https:/quay.io/", "file:///etc/hostname", "gopher://x.test/",
            "dict://x.test/",
            "ftp://x.test/", "ldap://x.test", "smb://x.test", "javascript://x.test",
            "https ://x.test", " https://x.test",
            "ＨＴＴＰＳ://x.test", "http\u{17F}://x.test/", "https://user@x.test/",
            "https://user:pass@x.test/",
            "https://x.test@evil.test/", "https://x.test:pass/word@evil.test/",
            "https://x.test?@evil.test/",
            "https://x.test\\@evil.test/", "https://x.test\\evil", "https://x.test/\\evil",
            "https://x.test/a#b",
            "https://x.test#b", "https://x.test/a b", "https://x.test/a\r\nX: y",
            "https://x.test/a\u{0}",
            "https://x.test/ä", "https://x.test/a\u{7F}", "https://127.1/", "https://2130706433/",
            "https://x.test:0/",
            "https://x.test:/", "https://good。example/",
            // Dot segments, which libcurl and proxies remove; they would name another repository.
            "https://x.test/..", "https://x.test/../a", "https://x.test/v2/a/../../b",
            "https://x.test/v2/./a",
            "https://x.test/v2/.", "https://x.test/v2/%2e%2e/a", "https://x.test/v2/%2E/a",
            "https://x.test/v2/.%2e?x",
        ])
    func `A06 A14 an unsupported or ambiguous URL is rejected`(text: String) {
        #expect(throws: URLError.self) { try HTTPURL(parsing: text) }
    }

    private static let upload = "https://registry.test:5000/v2/a/blobs/uploads/1?_state=old"

    /// The forms of `Location` that registries and caches use.
    @Test(
        arguments: [
            ("/v2/a/blobs/uploads/2", "https://registry.test:5000/v2/a/blobs/uploads/2"),
            (
                "/v2/a/blobs/uploads/2?_state=x%3D%3d&y=+",
                "https://registry.test:5000/v2/a/blobs/uploads/2?_state=x%3D%3d&y=+"
            ),
            ("https://registry.test:5000/v2/x", "https://registry.test:5000/v2/x"),
            ("https://other.test/x?sig=a%2Fb", "https://other.test/x?sig=a%2Fb"),
            // The caller decides whether a redirect to plain HTTP is permitted.
            ("http://registry.test:5000/v2/x", "http://registry.test:5000/v2/x"),
            ("//other.test/x", "https://other.test/x"),
            ("//other.test:8443?x", "https://other.test:8443/?x"),
            ("?_state=new", "https://registry.test:5000/v2/a/blobs/uploads/1?_state=new"),
            ("2", "https://registry.test:5000/v2/a/blobs/uploads/2"),
            ("2?_state=b:c", "https://registry.test:5000/v2/a/blobs/uploads/2?_state=b:c"),
            (
                "2/3?next=https://x.test/",
                "https://registry.test:5000/v2/a/blobs/uploads/2/3?next=https://x.test/"
            ),
            (".hidden", "https://registry.test:5000/v2/a/blobs/uploads/.hidden"),
            ("/x?u=https://x.test", "https://registry.test:5000/x?u=https://x.test"),
            (
                "/v2/a/blobs/uploads/2?mount=sha256:ab&from=b/c",
                "https://registry.test:5000/v2/a/blobs/uploads/2?mount=sha256:ab&from=b/c"
            ),
            ("/a:b", "https://registry.test:5000/a:b"),
            ("a/b:c", "https://registry.test:5000/v2/a/blobs/uploads/a/b:c"),
        ])
    func `A11 the target of a redirect is resolved`(reference: String, target: String) throws {
        #expect(Self.text(try HTTPURL(parsing: Self.upload).resolving(reference)) == target)
    }

    @Test(
        arguments: [
            "", ".", "..", "./2", "../2", "/../x", "/v2/../x", "a/../../b", "/v2/%2e%2e/x", "#x",
            "/x#y", "2 3", "/a\r\nX: y",
            "///evil.test/x", "//", "//user@evil.test/", "/\\evil.test", "\\\\evil.test",
            "javascript:x", "file:///etc/passwd",
            "data:,x", "https:x", "https:/x", "https:///x", "h+x://y.test/", "gopher://x.test/",
            "mailto:a@b", "ä", "://x",
            "http\u{301}://x.test/",
        ])
    func `A11 an invalid redirect target is rejected`(reference: String) throws {
        let url = try HTTPURL(parsing: Self.upload)
        #expect(throws: URLError.self) { try url.resolving(reference) }
    }

    @Test(
        arguments: [
            ("https://x.test/u", "https://x.test/u?digest=sha256:ab"),
            ("https://x.test/u?", "https://x.test/u?digest=sha256:ab"),
            ("https://x.test/u?_state=a%3D==", "https://x.test/u?_state=a%3D==&digest=sha256:ab"),
            ("https://x.test/u?a&b=?", "https://x.test/u?a&b=?&digest=sha256:ab"),
            ("https://x.test/u?a=1&", "https://x.test/u?a=1&digest=sha256:ab"),
        ])
    func `A11 a digest is appended to the existing query`(text: String, result: String) throws {
        #expect(
            Self.text(try HTTPURL(parsing: text).adding(query: "digest", "sha256:ab")) == result)
    }

    @Test func `a value is encoded when it is added`() throws {
        let url = try HTTPURL(parsing: "https://x.test/").adding(query: "q", "a b&c=d#e?f+é\r\n")
        #expect(url.target == "/?q=a%20b%26c%3Dd%23e%3Ff%2B%C3%A9%0D%0A")
        #expect(throws: Never.self) { try HTTPURL(url.origin, target: url.target) }
    }

    @Test func `a target has at most 16 KiB`() throws {
        let origin = try Origin(scheme: .https, host: "x.test")
        let longest = "/" + String(repeating: "a", count: 16_383)
        #expect(throws: Never.self) { try HTTPURL(origin, target: longest) }
        #expect(throws: URLError.self) { try HTTPURL(origin, target: longest + "a") }
    }

    @Test func `no representation of a URL contains its query`() throws {
        let url = try HTTPURL(parsing: "https://x.test/blob?sig=canary")
        #expect("\(url)" == "https://x.test/blob?…")
        #expect("\(try HTTPURL(parsing: "https://x.test/blob"))" == "https://x.test/blob")
        var dumped = ""
        dump([url], to: &dumped)
        for text in [String(reflecting: url), "\([url])", dumped] {
            #expect(!text.contains("canary"))
        }
    }

    /// A URL with a password, valid or not, that becomes part of an error.
    @Test(
        arguments: [
            "https://user:canary@x.test/", "https://user:canary@x.test:0/", "https://canary@x.test",
            "ftp://user:canary@x.test/",
            "https://user:can?canary@x.test/", "https://user:can/canary@x.test/",
            "https://user:canary#x@x.test/",
            "ftp://user:canary?x@x.test/", "https://x.test/ä?sig=canary", "https://x.test/a#canary",
            "https://user:canary",
            "https://x.test:x/?a@canary", "user:canary@x.test/v2",
            "https://user:canary/x@y@x.test/", "//user:canary@x.test",
        ])
    func `no error contains a password or a query`(text: String) throws {
        let base = try HTTPURL(parsing: Self.upload)
        for parse in [{ try HTTPURL(parsing: text) }, { try base.resolving(text) }] {
            let error = #expect(throws: URLError.self) { try parse() }
            #expect(error?.description.contains("canary") == false)
        }
    }
}

@Suite struct PercentEncodingTests {
    @Test(
        arguments: [
            ("", "", ""), ("azAZ09-._~", "azAZ09-._~", "azAZ09-._~"),
            ("a:b/c", "a:b/c", "a%3Ab%2Fc"),
            (" +&=?#%", "%20%2B%26%3D%3F%23%25", "%20%2B%26%3D%3F%23%25"),
            ("é大", "%C3%A9%E5%A4%A7", "%C3%A9%E5%A4%A7"),
            ("\r\n\u{0}\u{7F}", "%0D%0A%00%7F", "%0D%0A%00%7F"),
            ("@[]'\"", "%40%5B%5D%27%22", "%40%5B%5D%27%22"),
        ])
    func `reserved characters are encoded`(text: String, query: String, form: String) {
        #expect(PercentEncoding.query(text) == query)
        #expect(PercentEncoding.form(text) == form)
    }
}

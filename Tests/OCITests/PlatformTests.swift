// SPDX-License-Identifier: Apache-2.0

import OCI
import Testing

@Suite struct PlatformTests {
    @Test(
        arguments: [
            ("linux/amd64", "linux/amd64"), ("Linux/AMD64", "linux/amd64"),
            ("linux/x86_64", "linux/amd64"),
            ("linux/x86-64", "linux/amd64"), ("linux/amd64/v1", "linux/amd64"),
            ("linux/x86_64/v1", "linux/amd64"), ("linux/amd64/v2", "linux/amd64/v2"),
            ("linux/arm64", "linux/arm64"), ("linux/aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64/8", "linux/arm64"), ("linux/aarch64/V8", "linux/arm64"),
            ("linux/arm64/v8.0", "linux/arm64"), ("linux/arm64/9", "linux/arm64/v9"),
            ("linux/arm64/v9", "linux/arm64/v9"),
            ("linux/arm", "linux/arm"), ("linux/arm/v7", "linux/arm"), ("linux/arm/7", "linux/arm"),
            ("linux/arm/6", "linux/arm/v6"), ("linux/arm/v6", "linux/arm/v6"),
            ("linux/arm/5", "linux/arm/v5"),
            ("linux/armhf", "linux/arm"), ("linux/armel", "linux/arm/v6"),
            ("linux/i386", "linux/386"),
            ("macos/arm64", "darwin/arm64"), ("windows/amd64", "windows/amd64"),
            ("linux/riscv64", "linux/riscv64"), ("unknown/unknown", "unknown/unknown"),
        ])
    func `a platform is parsed and normalized`(text: String, normal: String) throws {
        let platform = try Platform(parsing: text)
        #expect(platform.description == normal)
        #expect(try Platform(parsing: normal) == platform)
    }

    @Test(
        arguments: [
            "", "/", "linux", "linux/", "/amd64", "linux//v7", "linux/arm/", "linux/arm/v7/x",
            "linux amd64",
            "linux/amd64 ", "linux/amd64\n", "linux/\u{1B}[31m", "lin\u{FC}x/amd64",
            "linux/\u{212A}", "linux/a:b",
        ])
    func `an invalid platform is rejected`(text: String) {
        #expect(throws: ParseError.self) { try Platform(parsing: text) }
    }

    @Test(
        arguments: [
            ("linux/arm64", "linux/arm64/v8", true), ("linux/arm64/v8", "linux/arm64", true),
            ("linux/arm64", "linux/arm64/v9", false), ("linux/amd64", "linux/amd64/v3", false),
            ("linux/amd64", "linux/arm64", false), ("linux/amd64", "windows/amd64", false),
            ("linux/arm/v6", "linux/arm/v7", false), ("linux/arm", "linux/arm/v7", true),
        ])
    func `a platform matches a requirement of another one or does not`(
        required: String, found: String, matches: Bool
    ) throws {
        #expect(try Platform(parsing: required).matches(try Platform(parsing: found)) == matches)
    }

    @Test func `the OS version is compared if it is required`() {
        let any = Platform(os: "windows", architecture: "amd64")
        let one = Platform(os: "windows", architecture: "amd64", osVersion: "10.0.17763.1")
        let other = Platform(os: "windows", architecture: "amd64", osVersion: "10.0.20348.2")
        #expect(any.matches(one))
        #expect(one.matches(one))
        #expect(!one.matches(other))
        #expect(!one.matches(any))
        #expect([other, one, any].sorted() == [any, one, other])
    }

    @Test func `empty strings are treated as absent`() {
        let platform = Platform(os: "linux", architecture: "amd64", variant: "", osVersion: "")
        #expect(platform == .linuxAMD64)
    }

    @Test func `the platform of attestation manifests is recognized`() throws {
        #expect(try Platform(parsing: "unknown/unknown").isUnknown)
        #expect(!Platform.linuxARM64.isUnknown)
    }
}

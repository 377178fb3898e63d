// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite struct AddressTests {
    @Test(
        arguments: [
            ("8.8.8.8", .global), ("1.1.1.1", .global), ("172.15.255.255", .global),
            ("172.32.0.0", .global), ("100.63.255.255", .global), ("100.128.0.0", .global),
            ("169.253.255.255", .global), ("223.255.255.255", .global), ("11.0.0.0", .global),
            ("10.0.0.0", .privateUse), ("10.255.255.255", .privateUse),
            ("172.16.0.0", .privateUse), ("172.31.255.255", .privateUse),
            ("192.168.0.1", .privateUse), ("100.64.0.0", .privateUse),
            ("100.127.255.255", .privateUse),
            ("127.0.0.1", .loopback), ("127.255.255.255", .loopback),
            // Link-local addresses, including cloud metadata services.
            ("169.254.0.1", .linkLocal), ("169.254.169.254", .linkLocal),
            ("169.254.170.2", .linkLocal), ("168.63.129.16", .linkLocal),
            ("100.100.100.200", .linkLocal), ("fd00:ec2::254", .linkLocal),
            ("fd20:ce::254", .linkLocal), ("fe80::1", .linkLocal), ("febf::1", .linkLocal),
            // Linux treats 0.0.0.0 and :: as the local host.
            ("0.0.0.0", .reserved), ("0.1.2.3", .reserved), ("::", .reserved),
            ("192.0.0.192", .reserved), ("192.0.2.1", .reserved), ("198.18.0.1", .reserved),
            ("198.51.100.1", .reserved), ("203.0.113.1", .reserved), ("192.88.99.1", .reserved),
            ("224.0.0.1", .reserved), ("239.255.255.255", .reserved), ("240.0.0.1", .reserved),
            ("255.255.255.255", .reserved),
            ("2606:4700::1111", .global), ("2a00:1450::1", .global), ("2001:200::1", .global),
            ("::1", .loopback), ("::2", .reserved), ("::127.0.0.1", nil),
            ("fc00::1", .privateUse), ("fdff::1", .privateUse), ("fec0::1", .privateUse),
            ("fd00:ec2::253", .privateUse), ("ff02::1", .reserved), ("2001:db8::1", .reserved),
            ("3fff::1", .reserved), ("2001::1", .reserved), ("100::1", .reserved),
            ("4000::1", .reserved), ("64:ff9b:1::a00:1", .reserved),
            // IPv4 addresses embedded in IPv6 addresses.
            ("::ffff:7f00:1", .loopback), ("::ffff:a9fe:a9fe", .linkLocal),
            ("::ffff:a00:1", .privateUse), ("::ffff:808:808", .global), ("::7f00:1", .reserved),
            ("64:ff9b::7f00:1", .loopback), ("64:ff9b::a9fe:a9fe", .linkLocal),
            ("64:ff9b::808:808", .global), ("2002:7f00:1::", .loopback),
            ("2002:a00:1::1", .privateUse), ("2002:808:808::1", .global),
        ] as [(String, AddressClass?)])
    func `A07 an address is classified by the hosts that it reaches`(
        text: String, means: AddressClass?
    ) {
        #expect(IPAddress(parsing: text).map(AddressClass.init(of:)) == means)
    }

    @Test(arguments: AddressClass.allCases)
    func `A07 a server cannot redirect to a narrower scope than its own`(server: AddressClass) {
        let near: [AddressClass: Set<AddressClass>] = [
            .privateUse: [.privateUse, .loopback], .loopback: [.loopback],
        ]
        let scope = AddressScope(referredBy: server)
        for (text, means) in Self.samples {
            let isExpected = means == .global || near[server, default: []].contains(means)
            #expect(scope.permits(text) == isExpected, "\(text)")
            #expect(AddressScope.anywhere.permits(text))
        }
    }

    @Test
    func
        `A07 an address that a server cannot redirect to is also blocked for the redirects that follow`()
    {
        let scope = AddressScope(referredBy: .global).narrowed(by: .privateUse)
        #expect(Self.samples.filter { scope.permits($0.0) }.map(\.1) == [.global])
        let shrunk = AddressScope(referredBy: .privateUse).narrowed(by: .global)
        #expect(Self.samples.filter { shrunk.permits($0.0) }.map(\.1) == [.global])
        let first = AddressScope.anywhere.narrowed(by: .loopback)
        #expect(Self.samples.filter { first.permits($0.0) }.map(\.1) == [.global, .loopback])
    }

    @Test func `A07 address ranges that the user permits are reachable`() throws {
        let ranges = [
            try AddressRange(parsing: "10.1.0.0/16"), try AddressRange(parsing: "fd00::/8"),
        ]
        let scope = AddressScope(referredBy: .global, allowing: ranges).narrowed(
            by: .global, allowing: ranges)
        let reached = ["10.1.2.3", "10.2.2.3", "fd12::1", "fc12::1", "::ffff:a01:203", "127.0.0.1"]
            .filter { IPAddress(parsing: $0).map(scope.permits) ?? false }
        #expect(reached == ["10.1.2.3", "fd12::1", "::ffff:a01:203"])
    }

    @Test(
        arguments: [
            ("localhost", false), ("a.localhost", false), ("127.0.0.1", false), ("[::1]", false),
            ("10.0.0.1", false), ("[::ffff:7f00:1]", false), ("[fd00:ec2::254]", false),
            ("8.8.8.8", true), ("localhost.example", true), ("example.com", true),
        ])
    func `A07 an origin with a blocked literal address is rejected by its text`(
        host: String, isReached: Bool
    ) throws {
        let scope = AddressScope(referredBy: .global)
        #expect(scope.permits(try Origin(scheme: .https, host: host)) == isReached)
    }

    @Test(
        arguments: [
            ("10.0.0.0/8", "10.9.9.9", true), ("10.0.0.0/8", "11.0.0.0", false),
            ("10.128.0.0/9", "10.127.0.0", false), ("10.128.0.0/9", "10.200.0.0", true),
            ("10.1.2.3", "10.1.2.3", true), ("10.1.2.3", "10.1.2.2", false),
            ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false), ("::/0", "::1", true),
            ("fd00::/8", "fd99::", true), ("fd00::1", "fd00::1", true),
            ("10.0.0.0/31", "10.0.0.1", true), ("10.0.0.0/31", "10.0.0.2", false),
            ("::/0", "10.0.0.1", false),
        ])
    func `a range contains the addresses with its prefix`(
        range: String, address: String, isHeld: Bool
    ) throws {
        let address = try #require(IPAddress(parsing: address))
        #expect(try AddressRange(parsing: range).contains(address) == isHeld)
    }

    @Test(arguments: [
        "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/-1", "::/129",
        "10.0.0/8", "010.0.0.0/8", "[::1]", "::1%eth0", "host", "10.0.0.0/8/8", "::ffff:10.0.0.1",
    ])
    func `an invalid range is rejected`(text: String) {
        #expect(throws: URLError.self) { try AddressRange(parsing: text) }
    }

    @Test(arguments: ["1.2.3.4", "::", "::1", "2001:db8::1:0:0:1", "1:2:3:4:5:6:7:8"])
    func `an address is formatted as it was parsed`(text: String) {
        #expect(IPAddress(parsing: text)?.description == text)
    }

    static let samples: [(IPAddress, AddressClass)] = [
        "8.8.8.8", "10.0.0.1", "127.0.0.1", "169.254.169.254", "0.0.0.0",
    ].compactMap { IPAddress(parsing: $0) }.map { ($0, AddressClass(of: $0)) }
}

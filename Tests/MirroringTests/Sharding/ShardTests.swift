// SPDX-License-Identifier: Apache-2.0

import Mirroring
import OCI
import Testing

@Suite struct `Shards of a run` {
    private static let names = (0..<1000).map { "team/image-\($0)" }

    private static func owners(of name: String, _ count: Int) -> [Int] {
        (1...count).filter { Shard($0, of: count)?.owns(name) == true }
    }

    @Test(arguments: [1, 2, 3, 7, 20])
    func `each own a similar number of names, and each name has one owner`(count: Int) {
        var sizes: [Int: Int] = [:]
        for name in Self.names {
            let owners = Self.owners(of: name, count)
            #expect(owners.count == 1)
            for owner in owners { sizes[owner, default: 0] += 1 }
        }
        #expect(sizes.count == count)
        #expect(sizes.values.allSatisfy { $0 > 1000 / count / 2 && $0 < 1000 / count * 2 })
    }

    @Test func `move names only to a new shard`() {
        for name in Self.names {
            let (before, after) = (Self.owners(of: name, 4), Self.owners(of: name, 5))
            #expect(before == after || after == [5])
        }
    }

    @Test(arguments: ["0/3", "4/3", "1/0", "1", "a/b", "1/2/3", "-1/3", "1/1001", ""])
    func `are rejected if they are out of range or malformed`(text: String) {
        #expect(throws: ParseError.self) { try Shard(parsing: text) }
    }

    @Test(arguments: [
        ("images.lock.yaml", "images.lock.2-of-3.yaml"), ("/a.b/l.yml", "/a.b/l.2-of-3.yml"),
        ("lock", "lock.2-of-3"),
    ])
    func `have a lock file whose name identifies them`(lock: String, part: String) throws {
        let shard = try Shard(parsing: "2/3")
        #expect(shard.path(of: lock) == part)
        #expect(Shard(ofFile: part) == shard)
    }

    @Test(arguments: [
        "images.lock.yaml", "2-to-3.yaml", "x.0-of-3.yaml", "x.2-of-3.yaml.bak.old", "x.2-of.yaml",
    ])
    func `are not parsed from other file names`(name: String) {
        #expect(Shard(ofFile: name) == nil)
    }
}

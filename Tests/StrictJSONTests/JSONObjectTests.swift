// SPDX-License-Identifier: Apache-2.0

import StrictJSON
import Testing

@Suite struct JSONObjectTests {
    private static let known: Set<String> = [
        "name", "size", "layers", "os.version", "keys", "annotations",
    ]

    private static func object(_ text: String, path: String = "") throws -> JSONObject {
        try JSONObject(try JSONValue(parsing: Array(text.utf8)), path: path, known: known)
    }

    @Test func `members are read by name and type`() throws {
        let object = try Self.object(
            #"{"name":"x","size":3,"layers":["a",1],"annotations":{"k":"v"},"unknown":[{}]}"#)
        #expect(try object.string("name") == "x")
        #expect(try object.integer("size") == 3)
        #expect(try object.array("layers")?.map(\.path) == ["layers[0]", "layers[1]"])
        #expect(try object.array("layers")?.map(\.value) == [.string("a"), .integer(1)])
        #expect(try object.stringMap("annotations") == ["k": "v"])
        #expect(object.contains("unknown"))
    }

    @Test func `null is treated as absent, but the member is present`() throws {
        let object = try Self.object(#"{"name":null,"layers":null,"annotations":null}"#)
        #expect(try object.string("name") == nil)
        #expect(try object.array("layers") == nil)
        #expect(try object.strings("layers") == nil)
        #expect(try object.stringMap("annotations") == [:])
        #expect(try object.integer("size") == nil)
        #expect(object["name"] == nil)
        #expect(object.contains("name"))
        #expect(!object.contains("size"))
    }

    @Test(
        arguments: [
            "Name", "NAME", "naMe", "Size", "LAYERS", "OS.Version", "os.Version", "Keys",
            // Go's decoder treats the long s as an s, and the Kelvin sign as a k.
            "layer\u{17F}", "\u{17F}ize", "\u{212A}eys", "\u{212A}EY\u{17F}", "annotation\u{17F}",
        ])
    func `a known key with different case is rejected`(key: String) {
        let error = #expect(throws: JSONError.self) {
            try Self.object("{\"\(key)\":1}", path: "a[0]")
        }
        #expect(error?.reason == "differs only in case from a known key, which is ambiguous")
        #expect(error?.location.hasPrefix("a[0].") == true)
        #expect(throws: JSONError.self) { try Self.object("{\"name\":\"x\",\"\(key)\":1}") }
    }

    @Test(arguments: [
        "names", "nam", "os_version", "osversion", "layers ", "größe", "N\u{E4}me", "",
    ])
    func `an unknown key is ignored`(key: String) throws {
        #expect(try Self.object("{\"\(key)\":1}").string("name") == nil)
    }

    @Test(arguments: ["1", "\"x\"", "[]", "null", "true", "1.5"])
    func `a value that is not an object is rejected`(text: String) {
        let error = #expect(throws: JSONError.self) { try Self.object(text, path: "config") }
        #expect(error?.description.hasPrefix("config: is ") == true)
        #expect(error?.description.hasSuffix(", not an object") == true)
    }

    @Test func `the error for a member of another type contains its path`() throws {
        let object = try Self.object(
            #"{"name":1,"size":1.0,"layers":[["x"]],"annotations":{"secret":2},"keys":"x"}"#,
            path: "m")
        let errors = [
            #expect(throws: JSONError.self) { try object.string("name") },
            #expect(throws: JSONError.self) { try object.integer("size") },
            #expect(throws: JSONError.self) { try object.strings("layers") },
            #expect(throws: JSONError.self) { try object.stringMap("annotations") },
            #expect(throws: JSONError.self) { try object.array("keys") },
            #expect(throws: JSONError.self) { try object.stringMap("keys") },
        ]
        #expect(
            errors.map { $0?.description } == [
                "m.name: is an integer, not a string",
                "m.size: is a number that is not a 64-bit integer, not an integer",
                "m.layers[0]: is an array, not a string",
                "m.annotations: holds an integer where a string belongs",
                "m.keys: is a string, not an array", "m.keys: is a string, not an object",
            ])
    }

    @Test func `an object with a hundred thousand unknown keys is read in linear time`() throws {
        let members = (0..<100_000).map { "\"layer\($0)\":0" }.joined(separator: ",")
        let object = try Self.object("{\(members),\"name\":\"x\"}")
        #expect(try object.string("name") == "x")
    }
}

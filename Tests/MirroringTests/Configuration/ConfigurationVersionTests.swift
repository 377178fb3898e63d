// SPDX-License-Identifier: Apache-2.0

import Mirroring
import OCI
import Testing

@Suite struct `Versions, ranges and dates of the configuration` {
    @Test(arguments: [
        ("1.2.3", "1.2.3"), ("v1.2.3", "1.2.3"), ("1", "1.0.0"), ("1.2", "1.2.0"),
        ("16", "16.0.0"), ("1.29-alpine", "1.29.0-alpine"), ("1.2.3-rc.1+b.7", "1.2.3-rc.1"),
        ("01.02.03", "1.2.3"), ("1.2.3-x-y.0", "1.2.3-x-y.0"),
        ("18446744073709551615.0.0", "18446744073709551615.0.0"),
    ])
    func `a version is parsed in the spellings of tags`(_ text: String, _ version: String) {
        #expect(SemanticVersion(lenient: text)?.description == version)
    }

    @Test(arguments: [
        "", "v", "latest", "distroless-v1", "1.2.3.4", "1..2", "1.", ".1", "1.2.3-", "1.2.3-a..b",
        "1.2.3-01", "V1.2.3", "1.2.3+", "1.2.3-é", "18446744073709551616", "-1", "+1", "1.+2",
        "2025-01-31T", "vv1",
    ])
    func `other text is not a version`(_ text: String) {
        if text == "2025-01-31T" {
            // A date begins with a number, so the rest is a prerelease of version 2025.
            #expect(SemanticVersion(lenient: text)?.major == 2025)
        } else {
            #expect(SemanticVersion(lenient: text) == nil)
        }
    }

    @Test func `versions are ordered by precedence`() throws {
        // The example of Semantic Versioning §11, with longer numbers and shorter lists.
        let texts = [
            "0.9.9", "1.0.0-0", "1.0.0-9", "1.0.0-10", "1.0.0-99999999999999999999999",
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
            "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
        ]
        let versions = try texts.map { try #require(SemanticVersion(lenient: $0)) }
        #expect(versions.shuffled().sorted() == versions)
        #expect(SemanticVersion(lenient: "1.0.0+a") == SemanticVersion(lenient: "1.0.0+b"))
    }

    static let ranges: [(String, yes: [String], no: [String])] = [
        // Comparisons; a partial version means all versions that begin with it.
        ("1.2.3", ["1.2.3", "v1.2.3"], ["1.2.4", "1.2.3-rc.1"]),
        ("=1.2", ["1.2.0", "1.2.9"], ["1.3.0", "2.2.0"]),
        ("!=1.2.3", ["1.2.4"], ["1.2.3"]),
        ("!=1.2", ["1.3.0", "2.2.0"], ["1.2.0", "1.2.7"]),
        (">1.2.3", ["1.2.4", "2.0.0"], ["1.2.3", "1.2.2"]),
        (">11", ["12.0.0"], ["11.0.0", "11.9.9"]),
        (">11.1", ["11.2.0", "12.0.0"], ["11.1.0", "11.1.5"]),
        ("<2", ["1.9.9"], ["2.0.0", "2.0.1"]),
        (">=1.2", ["1.2.0", "3.0.0"], ["1.1.9"]),
        ("=>1.2", ["1.2.0"], ["1.1.9"]),
        ("<=1.2.3", ["1.2.3", "0.1.0"], ["1.2.4"]),
        ("<=11", ["11.9.9", "1.0.0"], ["12.0.0"]),
        ("=<11.1", ["11.1.9", "10.7.0"], ["11.2.0"]),
        // Groups.
        (">=1.2 <2", ["1.2.0", "1.9.0"], ["1.1.0", "2.0.0"]),
        (">= 1.2, < 3.0.0 || >= 4.2.3", ["2.0.0", "4.2.3", "5.0.0"], ["1.1.0", "3.0.0", "4.2.2"]),
        (">1.0,<2.0", ["1.1.0"], ["1.0.5", "2.0.0"]),
        ("1.2.3||2.0.0", ["1.2.3", "2.0.0"], ["1.3.0"]),
        ("1.2 - 1.4.5", ["1.2.0", "1.4.5"], ["1.1.9", "1.4.6"]),
        ("2.3.4 - 4.5", ["2.3.4", "4.5.9"], ["2.3.3", "4.6.0"]),
        ("1 - 2 || 5", ["1.0.0", "2.9.0", "5.1.0"], ["3.0.0", "6.0.0"]),
        // Wildcards.
        ("*", ["0.0.1", "9.9.9"], ["1.0.0-rc.1"]),
        ("x", ["0.0.0"], []),
        ("1.x", ["1.0.0", "1.9.0"], ["2.0.0"]),
        ("1.2.*", ["1.2.0"], ["1.3.0"]),
        (">=1.2.X", ["1.2.0", "2.0.0"], ["1.1.0"]),
        ("<=2.x", ["2.9.9"], ["3.0.0"]),
        // Tilde.
        ("~1.2.3", ["1.2.3", "1.2.9"], ["1.2.2", "1.3.0"]),
        ("~1", ["1.0.0", "1.9.0"], ["2.0.0", "0.9.0"]),
        ("~>2.3", ["2.3.0", "2.3.9"], ["2.4.0"]),
        ("~1.2.x", ["1.2.0"], ["1.3.0"]),
        ("~*", ["0.1.0", "7.0.0"], []),
        // Caret.
        ("^1.2.3", ["1.2.3", "1.9.0"], ["1.2.2", "2.0.0"]),
        ("^1.2.x", ["1.2.0", "1.9.0"], ["2.0.0"]),
        ("^2", ["2.0.0", "2.9.0"], ["3.0.0"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]),
        ("^0.2", ["0.2.0", "0.2.9"], ["0.3.0"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4", "0.1.0"]),
        ("^0.0", ["0.0.0", "0.0.9"], ["0.1.0"]),
        ("^0", ["0.0.0", "0.9.0"], ["1.0.0"]),
        // Prereleases match only in a group whose comparators name one.
        (">=1.2.3-0", ["1.2.3-alpha", "1.3.0-rc.1", "1.3.0"], ["1.2.2"]),
        (">=1.2-0 <2", ["1.3.0-rc.1"], ["1.2.0-", "2.0.0"].filter { $0 != "1.2.0-" }),
        (">=1.2.3 || >=1.0.0-0 <1.1", ["1.0.5-rc.1", "1.2.3"], ["1.2.4-rc.1"]),
        ("~1.2.3-beta.2", ["1.2.3-beta.4", "1.2.3", "1.2.4-rc.1"], ["1.2.3-beta.1", "1.3.0"]),
        ("^1.2.3-beta.2", ["1.2.3-beta.2", "1.9.0"], ["1.2.3-beta.1", "2.0.0"]),
        (">=1.2.3-BETA", ["1.2.3-alpha"], []),
        ("v1.2.3-rc.1+build", ["1.2.3-rc.1"], ["1.2.3"]),
    ]

    @Test(arguments: ranges)
    func `a range contains the same versions as in Helm`(
        _ text: String, _ yes: [String], _ no: [String]
    ) throws {
        let range = try VersionRange(parsing: text)
        for version in yes {
            #expect(range.contains(try #require(SemanticVersion(lenient: version))), "\(version)")
        }
        for version in no {
            #expect(!range.contains(try #require(SemanticVersion(lenient: version))), "\(version)")
        }
    }

    @Test(arguments: [
        "", " ", "||", "1.2 ||", ">=", ">= , <2", "a", "1.2.3.4", ">=1.2<2", "1.2 - ", "- 1.2",
        "==1", "1,,2", "1.2.3-", "1.y", "~~1", "1.2 -1.3", "99999999999999999999", ">=1.2 and <2",
    ])
    func `other text is not a range`(_ text: String) {
        #expect(throws: ParseError.self) { try VersionRange(parsing: text) }
    }

    static let listing = [
        "v1.2.4", "latest", "1.10.0", "1.9.0", "1.10.0-rc.1", "nightly-2", "1.10", "nightly-10",
    ]

    @Test func `a pattern selects the greatest tags, by version and then by name`() throws {
        let tags = try Self.listing.map { try Tag(parsing: $0) }
        let range = try VersionRange(parsing: ">=1.2 <2")
        let names = { (pattern: TagPattern) in pattern.select(from: tags).map(\.name) }
        #expect(names(TagPattern(versions: range)) == ["1.10.0", "1.10", "1.9.0", "v1.2.4"])
        #expect(names(TagPattern(versions: range, latest: 1)) == ["1.10.0"])
        #expect(names(TagPattern(regex: "1\\..*")) == ["1.10.0", "1.10", "1.10.0-rc.1", "1.9.0"])
        // The whole tag must match.
        #expect(names(TagPattern(regex: "1\\.1")) == [])
        #expect(
            names(TagPattern(regex: "nightly-.*|v.*", latest: 2)) == ["v1.2.4", "nightly-2"])
        #expect(names(TagPattern(regex: "(")) == [])
    }

    // Helm stores the version 1.2.4+build.1 under the tag 1.2.4_build.1.
    @Test func `the tag of a chart has an underscore for the plus sign of its version`() throws {
        let tags = try ["1.2.3", "1.2.4_build.1", "1.3.0-rc.1_x"].map { try Tag(parsing: $0) }
        let pattern = TagPattern(versions: try VersionRange(parsing: ">=1.2.3"), latest: 1)
        #expect(pattern.select(from: tags, areCharts: true).map(\.name) == ["1.2.4_build.1"])
        #expect(pattern.select(from: tags).map(\.name) == ["1.2.3"])
    }

    @Test(arguments: [
        ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11016), ("2027-01-31", 20849),
        ("0001-01-01", -719_162), ("9999-12-31", 2_932_896), ("1900-03-01", -25508),
    ])
    func `a date is a number of days since 1970`(_ text: String, _ days: Int) {
        #expect(CalendarDay(parsing: text)?.daysSinceEpoch == days)
        #expect(CalendarDay(daysSinceEpoch: days).description == text)
    }

    @Test(arguments: [
        "2027-02-29", "1900-02-29", "2027-13-01", "2027-00-01", "2027-04-31", "2027-01-00",
        "0000-01-01", "2027-1-31", "27-01-31", "2027/01/31", "2027-01-31T00:00:00Z", "+027-01-01",
        "٢٠٢٧-٠١-٠١", "",
    ])
    func `a date that does not exist is rejected`(_ text: String) {
        #expect(CalendarDay(parsing: text) == nil)
    }

    @Test func `every day of 220 years has one date`() {
        let first = CalendarDay(year: 1890, month: 1, day: 1)?.daysSinceEpoch ?? 0
        let last = CalendarDay(year: 2109, month: 12, day: 31)?.daysSinceEpoch ?? 0
        #expect(last - first == 80_352)
        for days in first...last {
            let day = CalendarDay(daysSinceEpoch: days)
            let (year, month, date) = day.parts
            #expect(CalendarDay(year: year, month: month, day: date) == day)
        }
    }
}

// What JSONata takes from its surroundings and Duktape has not: promises, whose jobs run in
// `runJobs` and nowhere else, and a few functions of ES2015. `global` is where JSONata puts itself.
var global = {};
var runJobs;

(function (root) {
    'use strict';
    var jobs = [], next = 0;

    function settle(promise, state, value) {
        if (promise.state !== 0) return;
        promise.state = state;
        promise.value = value;
        var waiting = promise.waiting;
        promise.waiting = null;
        for (var i = 0; i < waiting.length; i++) schedule(promise, waiting[i]);
    }

    function schedule(promise, reaction) {
        jobs.push(function () {
            reaction[promise.state - 1](promise.value);
        });
    }

    function adopt(promise, thenable, then) {
        var called = false;
        try {
            then.call(thenable, function (value) {
                if (!called) { called = true; resolve(promise, value); }
            }, function (error) {
                if (!called) { called = true; settle(promise, 2, error); }
            });
        } catch (error) {
            if (!called) { called = true; settle(promise, 2, error); }
        }
    }

    function resolve(promise, value) {
        if (promise.state !== 0) return;
        if (value !== null && (typeof value === 'object' || typeof value === 'function')) {
            var then;
            try {
                then = value.then;
            } catch (error) {
                return settle(promise, 2, error);
            }
            if (typeof then === 'function') {
                jobs.push(function () { adopt(promise, value, then); });
                return;
            }
        }
        settle(promise, 1, value);
    }

    function Promise(executor) {
        var promise = this;
        promise.state = 0;
        promise.value = undefined;
        promise.waiting = [];
        try {
            executor(function (value) { resolve(promise, value); },
                     function (error) { settle(promise, 2, error); });
        } catch (error) {
            settle(promise, 2, error);
        }
    }

    Promise.prototype.then = function (onValue, onError) {
        var self = this;
        return new Promise(function (resolved, rejected) {
            function through(handler, otherwise) {
                return function (value) {
                    if (typeof handler !== 'function') return otherwise(value);
                    try {
                        resolved(handler(value));
                    } catch (error) {
                        rejected(error);
                    }
                };
            }
            var reaction = [through(onValue, resolved), through(onError, rejected)];
            if (self.state !== 0) schedule(self, reaction);
            else self.waiting.push(reaction);
        });
    };
    Promise.prototype['catch'] = function (onError) { return this.then(undefined, onError); };
    Promise.resolve = function (value) {
        if (value instanceof Promise) return value;
        return new Promise(function (resolved) { resolved(value); });
    };
    Promise.reject = function (error) {
        return new Promise(function (resolved, rejected) { rejected(error); });
    };
    Promise.all = function (list) {
        return new Promise(function (resolved, rejected) {
            var values = [], left = list.length;
            if (left === 0) return resolved(values);
            function at(i) {
                Promise.resolve(list[i]).then(function (value) {
                    values[i] = value;
                    if (--left === 0) resolved(values);
                }, rejected);
            }
            for (var i = 0; i < list.length; i++) at(i);
        });
    };
    root.Promise = Promise;

    runJobs = function () {
        try {
            while (next < jobs.length) {
                var job = jobs[next];
                jobs[next++] = undefined;
                job();
                if (next >= 1024) {
                    jobs.splice(0, next);
                    next = 0;
                }
            }
        } finally {
            jobs = [];
            next = 0;
        }
    };

    function define(object, name, value) {
        if (!object[name]) {
            Object.defineProperty(object, name, {value: value, configurable: true, writable: true});
        }
    }

    // Of a text: its characters, also those that take two units.
    Array.from = function (source) {
        var list = [];
        for (var i = 0; i < source.length; i++) {
            var unit = typeof source === 'string' ? source.charCodeAt(i) : 0;
            var after = unit >= 0xD800 && unit < 0xDC00 ? source.charCodeAt(i + 1) : 0;
            if (after >= 0xDC00 && after < 0xE000) list.push(source.charAt(i) + source.charAt(++i));
            else list.push(source[i]);
        }
        return list;
    };
    define(Symbol, 'iterator', Symbol('iterator'));
    String.prototype[Symbol.iterator] = function () {
        var list = Array.from(String(this)), at = 0;
        return {next: function () {
            return at < list.length ? {done: false, value: list[at++]} : {done: true, value: undefined};
        }};
    };
    define(Number, 'isInteger', function (value) {
        return typeof value === 'number' && isFinite(value) && Math.floor(value) === value;
    });
    define(Number, 'parseInt', parseInt);
    define(Math, 'trunc', function (value) { return value < 0 ? Math.ceil(value) : Math.floor(value); });
    define(String.prototype, 'codePointAt', function (at) {
        var unit = this.charCodeAt(at);
        if (unit !== unit) return undefined;
        var after = unit >= 0xD800 && unit < 0xDC00 ? this.charCodeAt(at + 1) : 0;
        return after >= 0xDC00 && after < 0xE000 ? (unit - 0xD800) * 0x400 + after - 0xDC00 + 0x10000
                                                 : unit;
    });
    String.fromCodePoint = function () {
        var text = '';
        for (var i = 0; i < arguments.length; i++) {
            var point = Number(arguments[i]);
            if (!(point >= 0 && point <= 0x10FFFF)) throw new RangeError('Invalid code point ' + point);
            text += point < 0x10000
                ? String.fromCharCode(point)
                : String.fromCharCode(0xD800 + ((point - 0x10000) >> 10), 0xDC00 + (point & 0x3FF));
        }
        return text;
    };

    // The two conversions that JSONata asks Node's Buffer for: "binary" to "base64" and back.
    var digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    function encode(text) {
        var out = [];
        for (var i = 0; i < text.length; i += 3) {
            var left = text.length - i;
            var bits = (text.charCodeAt(i) & 255) << 16 |
                (left > 1 ? (text.charCodeAt(i + 1) & 255) << 8 : 0) |
                (left > 2 ? text.charCodeAt(i + 2) & 255 : 0);
            out.push(digits.charAt(bits >> 18), digits.charAt(bits >> 12 & 63),
                     left > 1 ? digits.charAt(bits >> 6 & 63) : '=',
                     left > 2 ? digits.charAt(bits & 63) : '=');
        }
        return out.join('');
    }
    function decode(text) {
        var out = [], bits = 0, count = 0;
        for (var i = 0; i < text.length; i++) {
            var c = text.charAt(i);
            if (c === '=') break;
            var digit = digits.indexOf(c === '-' ? '+' : c === '_' ? '/' : c);
            if (digit < 0) continue;
            bits = (bits << 6 | digit) & 0xFFFFFF;
            count += 6;
            if (count >= 8) {
                count -= 8;
                out.push(String.fromCharCode(bits >> count & 255));
            }
        }
        return out.join('');
    }
    global.Buffer = {
        from: function (text, from) {
            return {toString: function () { return from === 'base64' ? decode(text) : encode(text); }};
        }
    };
})(this);

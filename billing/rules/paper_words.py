"""The words of documents in the catalogue of translations: a paper is kept in English, once and for
all, and read in its addressee's language. Pure.

Every text that the engine writes into a document's JSON comes from one of these.
"""

from tenants.rules.sayings import Said

# What stands alone: titles, names of lines and of what is counted, steps of the arithmetic.
WORDS = (
    Said("Invoice"), Said("Partner invoice"), Said("Credit note"), Said("Payout statement"),
    Said("Cached requests"), Said("Lookups"), Said("Stores"), Said("Data served"),
    Said("Reserved storage"), Said("Tokens saved"), Said("Model cost saved"),
    Said("requests"), Said("lookups"), Said("stores"), Said("GB-hours"), Said("tokens"),
    Said("Monthly fee"), Said("Licence base fee"), Said("Volume discount"),
    Said("Base fees for the rest of the term"), Said("Monthly cap"),
    Said("True-up to the minimum commitment"),
    Said("Proof of concept: 100 % discount"), Said("Shadow value in the proof of concept"),
    Said("fixed"), Said("percentage"), Said("all units"), Said("owed"), Said("rounded"),
    Said("rounded, less retail"), Said("whole value"), Said("slice"),
    Said("included, free of charge"), Said("shadow value at list price"),
    Said("less what was billed in advance"),
    Said("share agreed in the proof-of-concept offer"), Said("negotiated share"),
    Said("reported by the partner"),
    Said("metered and rated at list price; nothing is owed"),
    Said("Proof of concept: metered and rated at list price, charged at a 100 % discount."),
    Said("Shares are split once per customer invoice; each line shows its part of that amount."),
    Said("The share is taken of the sales that the partner reported for the month."),
    Said("No sales report came: the share is estimated from usage at list price. The difference "
         "follows when the report does."),
    Said("Self-billing: this statement is the partner's invoice, made by its customer."),
    Said("Reverse charge: the recipient accounts for the tax."), Said("Exempt from tax."),
    Said("Reverse charge"), Said("Exempt"), Said("Withholding tax"), Said("Tax"), Said("VAT"),
)  # fmt: skip
# What holds facts; tried in this order, the facts are told as well.
SENTENCES = (
    Said("Share of what was paid back on %(number)s"),
    Said("Share of what was paid on %(number)s"),
    Said("Part of the payment fees on %(number)s"),
    Said("Credit note %(number)s on %(original)s"),
    Said("Line %(line)s of %(number)s, dispute upheld"),
    Said("%(number)s was charged back"),
    Said("%(number)s was not paid"),
    Said("Sales reported for %(month)s"),
    Said("reported by the partner, %(sum)s"),
    Said("Corrects %(number)s of %(day)s."),
    Said("Converted at 1 %(base)s = %(rate)s %(quote)s, rate of %(day)s."),
    Said("%(line)s: wholesale factor %(percent)s %%"),
    Said("base fees from the end on %(day)s to the end of the term"),
    Said("part of %(amount)s a year, rounded cumulatively"),
    Said("period so far %(amount)s, already charged %(booked)s"),
    Said("charged %(amount)s on line %(line)s of %(number)s"),
    Said("payment fees so far %(amount)s, taken off"),
    Said("%(amount)s of the invoice's %(whole)s with tax was paid back and is open again"),
    Said("%(amount)s of the invoice's %(whole)s was paid back and is open again"),
    Said("%(amount)s of the invoice's %(whole)s with tax is paid"),
    Said("%(amount)s of the invoice's %(whole)s is paid"),
    Said("%(share)s of the invoice's %(base)s with tax = %(amount)s"),
    Said("%(share)s of the invoice's %(base)s = %(amount)s"),
    Said("%(share)s of the reported %(base)s with tax = %(amount)s"),
    Said("%(share)s of the reported %(base)s = %(amount)s"),
    Said("%(share)s of it = %(amount)s"),
    Said("less %(amount)s on earlier statements"),
    Said("all units, tier %(tier)s"),
    Said("%(tier)s, blocks of %(n)s"),
    Said("%(tier)s, fixed"),
    Said("over %(lower)s up to %(upper)s"),
    Said("above %(lower)s"),
    Said("started packages of %(n)s"),
    Said("true-up to the minimum %(amount)s"),
    Said("cap %(amount)s less counted charges"),
    Said("minimum %(amount)s less counted charges"),
    Said("cap %(amount)s"),
    Said("%(plan)s plan"),
)  # fmt: skip

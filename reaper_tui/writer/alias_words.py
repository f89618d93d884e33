"""The words that aliases are made of: 64 adjectives and 64 animals, none of them a judgement."""

from __future__ import annotations

_ADJECTIVES = """
Amber Ashen Azure Blue Bold Brave Breezy Bright Brisk Bronze Calm Candid Cedar Clear Cobalt Copper Coral Crimson Crisp
Dapper Deft Dusky Eager Early Fabled Fern Fleet Fresh Gentle Gilded Glad Golden Green Hazel Indigo Ivory Jade Keen
Lilac Lively Lucid Maple Mellow Mild Misty Nimble Noble Opal Pearl Placid Quiet Rapid Rosy Ruby Rustic Sage Scarlet
Silver Steady Sunny Swift Tidy Velvet Violet
"""
_ANIMALS = """
Badger Bear Beaver Bison Bittern Condor Crane Cricket Curlew Deer Dolphin Dove Egret Elk Falcon Ferret Finch Fox Gecko
Gibbon Goose Grouse Gull Hare Hawk Hedgehog Heron Ibex Ibis Jackdaw Jay Kestrel Kingfisher Koala Lark Lemur Leopard
Linnet Lizard Lynx Magpie Marmot Marten Merlin Moose Newt Ocelot Osprey Otter Owl Panda Pelican Petrel Plover Puffin
Quail Raven Robin Salmon Seal Sparrow Stoat Swallow Swan
"""
_COMMON = """
a about after all also and any are because been but can could day did for from get good had has have her him his how
its just know like make many more most new not now off one only other our out over people same see she should some take
than that the their them then there these they think this time two use very want was way well were what when where which
who will with would yes you your
"""
ADJECTIVES = tuple(_ADJECTIVES.split())
ANIMALS = tuple(_ANIMALS.split())
# Words that some people are called and everybody says: replacing them would make nonsense of every text.
COMMON = frozenset(_COMMON.split())
